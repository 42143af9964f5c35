/** Who is shed while a pool's own replicas are down, and when he is told to come again. */
import { expect, test } from "vitest";
import { screen } from "../../../src/engine/admission.ts";
import type { Submission } from "../../../src/engine/request.ts";
import type { Sent } from "../../../src/sim/cluster.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";

/** Steps of 10 ms; what is shed would have waited a second. */
const POOL =
  "model: llama-3.1-8b, gpu: h100-sxm, maxNumSeqs: 16, maxNumBatchedTokens: 512, stepTime: { fixed: 10ms }";

function file(given: { readonly lend: boolean; readonly rate: string }): string {
  return `
version: 2
name: shedding
platform:
  tiers:
    gold: { weight: 50, targets: [{ ttft: 50ms }] }
    bronze: { weight: 20, targets: [{ ttft: 500ms }], shedAboveWait: 1s }
  pools:
    own: { ${POOL}, replicas: 2, dedicatedTo: boss, lend: ${given.lend} }
    shared: { ${POOL}, replicas: 1 }
  tenants: { boss: { tier: gold }, guest: { tier: bronze } }
workload:
  boss: { arrivals: { process: constant, rate: 1/s }, promptTokens: 8, outputTokens: 5 }
  guest: { arrivals: { process: constant, rate: ${given.rate} }, promptTokens: 8, outputTokens: 32, maxOutputTokens: 32, retry: { attempts: 0 } }
faults:
  - crash: { pool: shared, replica: 0, at: 1s, downFor: 10s }
simulation: { duration: 15s, seed: 1, audit: { requests: 0 } }`;
}

/** When guests were shed, s. */
function shed(given: Parameters<typeof file>[0]): number[] {
  const { records } = simulate(scenarioOf(file(given)));
  return records.flatMap(({ reason, nowNs }) => (reason === "shed" ? [nowNs / 1e9] : []));
}

test("nobody is shed while replicas that are lent serve everybody", () => {
  expect(shed({ lend: true, rate: "20/s" })).toEqual([]);
});

test("nobody is shed for a pool that is down and has nothing to work off", () => {
  // Each takes 20 ms of a full batch's time (32 steps of 10 ms by 16), so some 50 wait a second: 5 s of arrivals less those that it lost.
  const times = shed({ lend: false, rate: "10/s" });
  expect(Math.min(...times)).toBeGreaterThan(5.5);
  expect(Math.min(...times)).toBeLessThan(6.1);
  // After the outage the backlog is worked off in a second, and all are taken again.
  expect(Math.max(...times)).toBeLessThan(11.1);
});

test("who is shed is told when the pool will have worked off what is before him", () => {
  let another: Submission<Sent> | undefined;
  let told = 0;
  simulate(scenarioOf(file({ lend: false, rate: "10/s" })), {
    onRequest({ sent }) {
      const guest = { origin: sent, tenant: 1, pool: 1, promptTokens: 8 };
      another = { ...guest, maxOutputTokens: 32, adapter: undefined };
    },
    afterEvent(engine, nowNs) {
      if (nowNs < 1.1e9 || nowNs > 10.9e9) return;
      const screening = screen(nowNs, another!, engine.tenants[1]!, engine.schedulers[1]!);
      if (screening.kind === "pass") return;
      expect(screening.rejection.reason).toBe("shed");
      // 20 ms for each of those that wait beyond a second's worth.
      const beyondNs = engine.schedulers[1]!.queuedOf(1) * 20e6 - 1e9;
      expect(screening.rejection.retryAfterNs).toBeGreaterThan(0.8 * beyondNs);
      expect(screening.rejection.retryAfterNs).toBeLessThan(1.3 * beyondNs + 20e6);
      expect(screening.rejection.retryAfterNs).toBeGreaterThan(0);
      told += 1;
    },
  });
  expect(told).toBeGreaterThan(10);
});
