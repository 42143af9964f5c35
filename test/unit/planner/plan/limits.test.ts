/** What a plan says where it cannot answer, put to the test: the limit that it advises is asked for, and its budget is counted. */
import { describe, expect, test } from "vitest";
import { drawnScenario, planOf } from "./drawn.ts";

/** A lone prompt takes some 16.5 ms; bursts of them wait for each other's steps, however many GPUs there are. */
function asking(limitMs: number): string {
  const pool = "model: llama-3.1-8b, precision: fp8, gpu: h100-sxm, replicas: 2";
  return `version: 2
name: bursts
platform:
  tiers:
    gold: { weight: 50, targets: [{ ttft: ${limitMs}ms, percentile: 95 }], objective: 97% }
    bronze: { weight: 20, targets: [{ ttft: 1s, percentile: 95 }], objective: 95% }
  pools:
    own: { dedicatedTo: shop, ${pool}, lend: false, gpuHour: $5/h }
    shared: { ${pool}, gpuHour: $3/h }
  tenants:
    shop: { tier: gold }
    lab: { tier: bronze }
workload:
  shop: { arrivals: { process: gamma, rate: 30/s, cv: 2 }, promptTokens: 800, outputTokens: 150 }
  lab: { arrivals: { process: poisson, rate: 20/s }, promptTokens: 1200, outputTokens: 100 }
simulation: { duration: 20s, warmup: 2s, audit: { requests: 0 } }
plan: { maxGpus: 24, lend: [false], dedicated: [keep] }
`;
}

/** The limit in the first advice. */
function advised(nearest: readonly string[]): number {
  const [, ms] = /^for gold a P95 TTFT of (\d+) ms or more, which \d+ GPUs/u.exec(nearest[0]!)!;
  return Number(ms);
}

describe("an impossible ask's advice", { timeout: 600_000 }, () => {
  test("is a limit that has an answer, where a bound rules out what was asked", async () => {
    const { outcome, impossible } = await planOf(asking(10));
    expect(outcome).toBe("impossible");
    expect(impossible!.reason).toMatch(/10 ms cannot be met: prefill alone takes 1\d\.\d ms/u);
    const possible = advised(impossible!.nearest);
    // The bound itself is no answer: a request that comes during a step waits for its end.
    expect(possible).toBeGreaterThan(17);
    expect((await planOf(asking(possible))).outcome).toBe("confirmed");
  });

  test("and where nothing that was tried keeps it", async () => {
    const { outcome, impossible } = await planOf(asking(17));
    expect(outcome).toBe("impossible");
    expect(impossible!.reason).toMatch(/^nothing that was tried with up to 24 GPUs/u);
    expect((await planOf(asking(advised(impossible!.nearest)))).outcome).toBe("confirmed");
  });
});

describe("a budget", { timeout: 600_000 }, () => {
  const text = drawnScenario(4);
  const within = (budget: string) => planOf(text.replace("maxGpus", `budget: ${budget}, maxGpus`));

  test("of next to nothing simulates nothing, and says what a platform takes", async () => {
    const { outcome, impossible, work } = await within("1");
    expect(outcome).toBe("impossible");
    expect(impossible!.reason).toMatch(
      /^nothing was simulated: one platform .* takes \d+ requests/u,
    );
    expect(work).toEqual({ simulations: 0, requests: 0 });
  });

  test.each(["40k", "80k", "150k"])(
    "of %s is kept to, and what it left out is told",
    async (budget) => {
      const { outcome, work, leftOut, impossible, statistics } = await within(budget);
      expect(work.requests).toBeLessThanOrEqual(1000 * Number(budget.slice(0, -1)));
      expect(work.simulations).toBeGreaterThan(0);
      if (outcome === "impossible") expect(impossible!.reason).toContain("within the budget");
      else expect(leftOut.length).toBeGreaterThan(0);
      expect(outcome === "confirmed" || statistics?.isProvenCheapest !== true).toBe(true);
    },
  );
});
