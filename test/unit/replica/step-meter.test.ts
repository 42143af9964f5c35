/** Hand-worked segments: totals by cause, shares, and time that is not in steps. */
import { describe, expect, test } from "vitest";
import { busyUntil, provisionedUntil } from "../../../src/replica/port.ts";
import { type Segment, StepMeter } from "../../../src/replica/step-meter.ts";

/**
 * One step with two decodes (contexts 10 and 20) and a chunk of 4 tokens after 2 (3 + 4 + 5 + 6 = 18 pairs). Modelled:
 * fixed 300, tokens 6 x 10, attention 36, context 30 x 5: 546 in all. Measured twice that.
 */
const MIXED: Segment = {
  step: 0,
  steps: 1,
  decodes: 2,
  chunks: 1,
  prefills: [{ slot: 2, contextTokens: 9, computedTokens: 2, chunkTokens: 4, dueNs: 0 }],
  prefillTokens: 4,
  prefillPairs: 18,
  contextTokens: 30,
  cost: { totalPs: 396, fixedPs: 300, attentionPs: 36, contextTokenPs: 5, steps: Infinity },
  measuredPs: 1_092,
  scale: 2,
  busyNs: 2,
};

/** Three more steps of the two decodes: contexts 11 + 21, 12 + 22, 13 + 23, as modelled. */
const JUMP: Segment = {
  ...MIXED,
  step: 1,
  steps: 3,
  chunks: 0,
  prefills: [],
  prefillTokens: 0,
  prefillPairs: 0,
  contextTokens: 102,
  cost: { totalPs: 320, fixedPs: 300, attentionPs: 0, contextTokenPs: 5, steps: Infinity },
  measuredPs: 3 * 320 + 5 * 102,
  scale: 1,
};

function meterWithThree(): StepMeter {
  const meter = new StepMeter(4);
  for (const slot of [0, 1, 2]) meter.enter(slot);
  meter.startDecode(0, 0, 10);
  meter.startDecode(1, 0, 20);
  return meter;
}

describe("division", () => {
  test("of a mixed step: fixed by heads, the rest by tokens, pairs and context", () => {
    const meter = meterWithThree();
    meter.record(MIXED);
    expect(meter.share.decodePs(0)).toBe(2 * (100 + 10 + 50));
    expect(meter.share.decodePs(1)).toBe(2 * (100 + 10 + 100));
    expect(meter.share.prefillPs(2)).toBe(2 * (100 + 40 + 36));
    expect(meter.inFlightPs()).toBe(MIXED.measuredPs);
    expect(meter.batchShare.decodePs(0)).toBe(364);
    expect(meter.batchShare.prefillPs(2)).toBe(364);
  });

  test("of a jump adds to what was there, and leaves out who left", () => {
    const meter = meterWithThree();
    meter.record(MIXED);
    meter.leave(2);
    meter.record(JUMP);
    expect(meter.share.decodePs(0)).toBe(320 + 3 * (150 + 10) + 5 * (11 + 12 + 13));
    expect(meter.inFlightPs()).toBe(MIXED.measuredPs - 352 + JUMP.measuredPs);
  });

  test("reset forgets shares but not the totals", () => {
    const meter = meterWithThree();
    meter.record(MIXED);
    for (const slot of [0, 1, 2]) meter.leave(slot);
    meter.resetShares();
    expect(meter.inFlightPs()).toBe(0);
    expect(meter.fixedPs).toBe(600);
  });
});

test("totals by cause add up to what was measured", () => {
  const meter = meterWithThree();
  meter.record(MIXED);
  meter.record(JUMP);
  expect(meter).toMatchObject({
    steps: 4,
    busyNs: 4,
    tokens: 6 + 3 * 2,
    contextTokens: 132,
    sequences: 3 + 3 * 2,
    fixedPs: 600 + 900,
    tokenPs: 120 + 60,
    attentionPs: 72,
    contextPs: 300 + 510,
  });
  const { fixedPs, tokenPs, attentionPs, contextPs } = meter;
  expect(fixedPs + tokenPs + attentionPs + contextPs).toBe(MIXED.measuredPs + JUMP.measuredPs);
});

test.each([
  // Two decodes of 15 tokens each on average, and a chunk of 4; then three steps of 17 on average.
  ["nothing", undefined, 0],
  ["all of it", { decodes: 2, contextPerDecode: 17, prefillTokens: 4 }, 0],
  ["smaller batches", { decodes: 1, contextPerDecode: 17, prefillTokens: 4 }, 7],
  ["shorter chunks", { decodes: 2, contextPerDecode: 17, prefillTokens: 3 }, 2],
  ["shorter contexts", { decodes: 2, contextPerDecode: 16.9, prefillTokens: 4 }, 5],
])("extrapolated time where %s was measured", (_what, measured, extrapolatedNs) => {
  const meter = new StepMeter(4, "idle", measured);
  meter.record(MIXED);
  meter.record({ ...JUMP, busyNs: 5 });
  expect(meter.extrapolatedNs).toBe(extrapolatedNs);
});

test("time that is not in steps: idle from the start, then an outage in a step, then idle", () => {
  const meter = new StepMeter(1);
  expect(meter.idleUntil(100)).toBe(100);
  meter.stopRest(100);
  expect(meter.idleUntil(150)).toBe(100);
  meter.lose(50);
  expect(meter.busyNs).toBe(50);
  expect(meter.lostNs).toBe(50);
  meter.startRest(150, "down");
  expect(meter.downUntil(170)).toBe(20);
  meter.startRest(180, "idle");
  expect(meter.idleUntil(200) + meter.busyNs + meter.downUntil(200)).toBe(200);
  expect(meter.downUntil(200)).toBe(30);
});

test("time before it is provisioned is off, then it boots, works, and is off again", () => {
  const meter = new StepMeter(1, "off");
  meter.startRest(100, "boot");
  meter.startRest(160, "idle");
  meter.stopRest(180);
  meter.lose(20);
  meter.startRest(200, "off");
  const parts = (nowNs: number) => [
    meter.offUntil(nowNs),
    meter.bootUntil(nowNs),
    meter.idleUntil(nowNs),
    busyUntil(meter, nowNs),
    provisionedUntil(meter, nowNs),
  ];
  expect(parts(250)).toEqual([100 + 50, 60, 20, 20, 100]);
  expect(meter.busyNs).toBe(20);
});

test("keeps what its model says of the steps beside what they took", () => {
  const meter = meterWithThree();
  meter.record(MIXED);
  const before = meter.modelledPs;
  meter.record(JUMP);
  expect(meter.modelledPs - before).toBe(3 * 320 + 5 * 102);
});
