/** Stragglers found from meters: ratios of measured to modelled step time, averaged over two seconds of work. */
import { expect, test } from "vitest";
import { createReplicas } from "../../../src/engine/allocation/create-replicas.ts";
import { StragglerWatch } from "../../../src/engine/allocation/stragglers.ts";
import { StepMeter } from "../../../src/replica/step-meter.ts";
import { scenarioOf } from "../../support/scenario.ts";

function replicasOf(replicas: number) {
  const pool = { model: "llama-3.1-8b", gpu: "h100-sxm", replicas };
  const { platform } = scenarioOf({
    version: 2,
    name: "stragglers",
    platform: { pools: { pool }, tenants: { a: { tier: "gold" } } },
  });
  const meters = Array.from({ length: replicas }, () => new StepMeter(4));
  const views = createReplicas(platform, meters, []);
  return { meters, views, watch: new StragglerWatch([views]) };
}

/** A second of steps that should have taken 1 / ratio seconds. */
function work(meter: StepMeter, ratio: number): void {
  meter.busyNs += 1e9;
  meter.modelledPs += 1e12 / ratio;
}

test("a replica three times as slow as its peers is found in a second or two, told once, and forgiven", () => {
  const { meters, views, watch } = replicasOf(3);
  const told: string[] = [];
  const check = (second: number) => {
    for (const event of watch.check(second * 1e9)) told.push(`${second} s: ${event.message}`);
  };
  for (let second = 1; second <= 3; second++) {
    for (const [index, meter] of meters.entries()) work(meter, index === 1 ? 3 : 1);
    check(second);
  }
  // 1 + 2/3 after one second; 1.67 + (3 - 1.67) / 3 after two; 2.11 + (3 - 2.11) / 3 after three.
  expect(views.map(({ slowness }) => slowness.toFixed(3))).toEqual(["1.000", "2.407", "1.000"]);
  expect(told).toHaveLength(1);
  expect(told[0]).toBe(
    "1 s: pool/1 takes 1.67 times as long for its steps as its model and its peers; others are preferred.",
  );
  for (let second = 4; second <= 12; second++) {
    for (const meter of meters) work(meter, 1);
    check(second);
  }
  expect(told).toHaveLength(2);
  expect(told[1]).toMatch(/^\d+ s: pool\/1 is back at 1\.\d\d times its model's step time\.$/);
  expect(views[1]!.slowness).toBe(1);
});

test("a model that is wrong for all of them makes nobody a straggler", () => {
  const { meters, views, watch } = replicasOf(3);
  for (let second = 1; second <= 5; second++) {
    for (const meter of meters) work(meter, 2);
    expect(watch.check(second * 1e9)).toEqual([]);
  }
  expect(views.map(({ slowness }) => slowness)).toEqual([1, 1, 1]);
});

test("noise below a tenth is not acted on", () => {
  const { meters, views, watch } = replicasOf(2);
  for (let second = 1; second <= 9; second++) {
    work(meters[0]!, 1);
    work(meters[1]!, 1.09);
    watch.check(second * 1e9);
  }
  expect(views[1]!.slowness).toBe(1);
});

test("without work it is forgotten, so that it is tried again; and at once when it comes up anew", () => {
  const { meters, views, watch } = replicasOf(3);
  for (const [index, meter] of meters.entries()) work(meter, index === 0 ? 5 : 1);
  watch.check(1e9);
  const found = views[0]!.slowness;
  expect(found).toBeCloseTo(1 + 4 / 3, 6);
  // 30 s without a step are half of the way back.
  watch.check(31e9);
  expect(views[0]!.slowness).toBeCloseTo(1 + 2 / 3, 6);
  watch.forget(views[0]!);
  expect(views[0]!.slowness).toBe(1);
});

test("what a crash made worthless is not measured as slow", () => {
  const { meters, watch } = replicasOf(1);
  work(meters[0]!, 1);
  meters[0]!.lose(30e9);
  expect(watch.check(1e9)).toEqual([]);
});
