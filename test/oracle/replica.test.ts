import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { affineStepModel } from "../../src/replica/affine.ts";
import { longCase, smallCase } from "./replica-arbitraries.ts";
import { type Case, type Comparison, runCase } from "./replica-case.ts";

/** Another seed explores other cases: ORACLE_SEED=7 npx vitest run --project unit test/oracle */
const SEED = Number(process.env["ORACLE_SEED"] ?? 20_260_101);
const SMALL_CASES = Number(process.env["ORACLE_CASES"] ?? 6_000);
const LONG_CASES = 100;

/** How often each thing happened that a fast-forward could get wrong. */
class Coverage {
  readonly #counts = new Map<string, number>();

  add(what: string, count = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
  }

  get(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Counts of cases in which something happened. */
  look({ fast, naive, midJump, fastEvents, naiveReplica }: Comparison): void {
    const has = (part: string) => fast.lines.some((line) => line.includes(part));
    for (const part of ["pressure", "evicted", "replica-down", "finished", "boundary"]) {
      if (has(part)) this.add(part);
    }
    if (fast.stalls > 0) this.add("stall");
    if (fast.lines.some((line) => /cached [1-9]/.test(line))) this.add("prefix hit");
    if (naiveReplica.prefixes.evicted > 0) this.add("prefix evicted");
    for (const [kind, count] of midJump) this.add(`${kind} in mid-jump`, count);
    this.add("steps", naive.replica.meter.steps);
    this.add("events", fastEvents);
    if (naiveReplica.longestOffsetPs > 2n ** 51n) this.add("rebase");
    this.add("steps of uneven contexts", naiveReplica.unevenSteps);
  }
}

describe("the fast-forward says what stepping says", () => {
  test("in small random cases", () => {
    const coverage = new Coverage();
    fc.assert(
      fc.property(smallCase, (given) => {
        coverage.look(compare(given));
      }),
      { seed: SEED, numRuns: SMALL_CASES },
    );
    const often = SMALL_CASES / 20;
    const heard = ["pressure", "stall", "evicted", "replica-down", "finished", "boundary"];
    for (const what of [...heard, "join in mid-jump", "evict in mid-jump", "ask in mid-jump"]) {
      expect(coverage.get(what), what).toBeGreaterThan(often);
    }
    expect(coverage.get("prefix hit")).toBeGreaterThan(SMALL_CASES / 4);
    expect(coverage.get("prefix evicted")).toBeGreaterThan(SMALL_CASES / 4);
    expect(coverage.get("crash in mid-jump")).toBeGreaterThan(often / 5);
    expect(coverage.get("slow in mid-jump")).toBeGreaterThan(often / 5);
  });

  test("over thousands of steps, and past the point where time is counted afresh", () => {
    const coverage = new Coverage();
    fc.assert(
      fc.property(longCase, (given) => {
        coverage.look(compare(given));
      }),
      { seed: SEED, numRuns: LONG_CASES, endOnFailure: true },
    );
    expect(coverage.get("prefix hit")).toBeGreaterThan(LONG_CASES / 10);
    expect(coverage.get("steps of uneven contexts")).toBeGreaterThan(LONG_CASES * 200);
    expect(coverage.get("rebase")).toBeGreaterThan(LONG_CASES / 20);
    expect(coverage.get("steps")).toBeGreaterThan(LONG_CASES * 2_000);
    expect(coverage.get("steps")).toBeGreaterThan(20 * coverage.get("events"));
  });

  /** At a third of a second a step, the whole output in one jump would pass 2^53 ps and lose some. */
  test.each([
    ["fast", 1_234_567],
    ["slow", 321_234_567_891],
  ])("over more %s steps than one jump may take", (_, fixedPs) => {
    const coverage = new Coverage();
    coverage.look(compare(alone(fixedPs)));
    expect(coverage.get("steps")).toBe(40_001);
    expect(coverage.get("events")).toBeLessThan(10);
  });
});

/** One sequence of 40,001 output tokens; in one slow jump, their time would be rounded off by a nanosecond. */
function alone(fixedPs: number): Case {
  const stepModel = affineStepModel({
    fixedPs,
    perSequencePs: 89,
    perTokenPs: 7,
    contextTokenPs: 3,
  });
  const backlog = [{ contextTokens: 3, remainingTokens: 40_001, dueNs: 0 }];
  return {
    config: { stepModel, maxNumSeqs: 2, maxNumBatchedTokens: 8, kvBlocks: 4_000, blockTokens: 16 },
    habits: { backlog, refills: false, reactions: [], victims: ["newest"] },
    script: [{ boundaries: 0, at: "same", fraction: 0, action: { kind: "join", count: 1 } }],
    isWholeNs: false,
  };
}

function compare(given: Case): Comparison {
  const comparison = runCase(given);
  const { fast, naive } = comparison;
  expect(fast.lines).toEqual(naive.lines);
  const { steps, busyNs, lostNs, tokens, contextTokens, sequences } = naive.replica.meter;
  const totals = { steps, busyNs, lostNs, tokens, contextTokens, sequences, kvBlocksUsed: 0 };
  expect(fast.replica.meter).toMatchObject(totals);
  expect(fast.taken).toEqual([]);
  expect(fast.replica.nextEventNs).toBe(Infinity);
  expectShares(given, comparison);
  return comparison;
}

/** Every stay's share; and their sum, which is all the time in steps that did not come to nothing. */
function expectShares(given: Case, { fast, fastReplica, naive }: Comparison): void {
  const isExact = given.isWholeNs && !hasFractionalSlowdown(given);
  let dividedPs = 0;
  let batchPs = 0;
  fast.departures.forEach(({ prefillPs, decodePs, batchSharePs, advances }, index) => {
    dividedPs += prefillPs + decodePs;
    batchPs += batchSharePs;
    const stepped = naive.departures[index]!;
    // What a jump took is measured in whole nanoseconds, so up to one of them is somebody else's at each end.
    const toleratedPs = isExact ? 0 : 1_000 * (advances + 1);
    expectClose(batchSharePs, stepped.batchSharePs, toleratedPs);
    if (hasFractionalSlowdown(given)) return;
    expectClose(prefillPs, stepped.prefillPs, toleratedPs);
    expectClose(decodePs, stepped.decodePs, toleratedPs);
  });
  const { meter } = fastReplica;
  const usefulPs = (meter.busyNs - meter.lostNs) * 1_000;
  expectClose(dividedPs, usefulPs);
  expectClose(batchPs, usefulPs);
  expectClose(meter.fixedPs + meter.tokenPs + meter.attentionPs + meter.contextPs, usefulPs);
  if (!isExact) return;
  fast.inFlightPs.forEach((ps, index) => expectClose(ps, naive.inFlightPs[index]!));
}

/**
 * Then the rounding of a step's two parts makes measured over modelled time vary from step to step, while the fast
 * replica knows it per jump only. Sums must agree all the same.
 */
function hasFractionalSlowdown({ script, habits }: Case): boolean {
  return [...script.map(({ action }) => action), ...habits.reactions].some(
    (action) => action.kind === "slow" && !Number.isInteger(action.factor),
  );
}

function expectClose(actual: number, expected: number, toleratedPs = 0): void {
  const differencePs = Math.abs(actual - expected);
  if (differencePs <= 4 + toleratedPs + 1e-9 * Math.abs(expected)) return;
  expect(actual).toBe(expected);
}
