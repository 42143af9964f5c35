/** Back-of-envelope bounds against numbers worked by hand: lone requests, work, and what both rule out. */
import { describe, expect, test } from "vitest";
import { boundsOf } from "../../../../src/planner/plan/bounds.ts";
import { designsOf, type Design } from "../../../../src/planner/plan/design.ts";
import {
  cachedTokensOf,
  loneDecodeMs,
  lonePrefillMs,
} from "../../../../src/planner/plan/latency-floor.ts";
import { leastReplicas, poolWork } from "../../../../src/planner/plan/work-bound.ts";
import { surveyTraffic } from "../../../../src/sim/survey.ts";
import { scenarioOf } from "../../../support/scenario.ts";
import { sourceOf, twoTiers } from "../files.ts";

const noTrace = {
  openTrace: () => {
    throw new Error("this scenario reads no trace");
  },
};

function ownDesign(text: string): Design {
  const designs = designsOf(sourceOf(text), scenarioOf(text), 64);
  if ("tooMany" in designs) throw new Error("few designs");
  return designs.possible[0]!;
}

describe("a lone request", () => {
  // 1 ms a step, 10 us a token, 100 ns a token of context.
  const step = "stepTime: { fixed: 1ms, perToken: 10us, perContextToken: 100ns }";
  const pool = scenarioOf(twoTiers().replaceAll("stepTime: { fixed: 20ms }", step)).platform
    .pools[0]!;

  test("computes its prompt in as few steps as the token budget allows", () => {
    // 600 tokens at 256 a step: three steps, 3 ms and 600 x 10 us.
    expect(lonePrefillMs(pool, 600, 0)).toBeCloseTo(9, 9);
    // Of 500 cached ones, 100 are left: one step.
    expect(lonePrefillMs(pool, 600, 500)).toBeCloseTo(2, 9);
    // The last token is always computed.
    expect(lonePrefillMs(pool, 600, Infinity)).toBeCloseTo(1.01, 9);
  });

  test("decodes a token in a step of its own", () => {
    expect(loneDecodeMs(pool, 2000)).toBeCloseTo(1.21, 9);
  });

  test("may find its client's system prompt in the cache, and any part of a conversation's", () => {
    const client = scenarioOf(twoTiers()).clients[0]!;
    expect(cachedTokensOf(client, pool)).toBe(0);
    expect(cachedTokensOf({ ...client, systemPrompt: { name: "s", tokens: 50 } }, pool)).toBe(50);
    const conversation = {
      turns: { kind: "constant", tokens: 2 },
      thinkMeanNs: 1e9,
      thinkCv: 1,
      maxPromptTokens: 100,
    } as const;
    expect(cachedTokensOf({ ...client, conversation }, pool)).toBe(Infinity);
    expect(cachedTokensOf(client, { ...pool, prefixCaching: false })).toBe(0);
  });
});

describe("work", () => {
  test("is its decode steps at full batches, where they are what takes time", () => {
    const scenario = scenarioOf(twoTiers());
    const survey = surveyTraffic(scenario, noTrace);
    const requests = survey.clients[1]!.requests + survey.clients[2]!.requests;
    // 10 tokens each, 4 sequences a step, 20 ms a step.
    const busy = (requests * 10 * 0.02) / 4 / 60;
    const work = poolWork(scenario, survey, 1);
    expect(work.batch).toBe(4);
    expect(work.mean).toBeCloseTo(busy, 2);
    expect(work.peak).toBeGreaterThan(work.mean);
    expect(leastReplicas(work)).toBe(Math.ceil(0.8 * work.mean));
  });
});

describe("what bounds rule out", () => {
  test("a limit below a lone prefill, and which promise that is", () => {
    const text = twoTiers().replace(
      "{ ttft: 500ms, percentile: 99 }",
      "{ ttft: 15ms, percentile: 99 }",
    );
    const design = ownDesign(text);
    const { impossible } = boundsOf(design, surveyTraffic(design.scenario, noTrace), 64);
    expect(impossible!.reason).toBe(
      "gold's P99 TTFT of 15 ms cannot be met: prefill alone takes 20 ms on h100-sxm at the P99 prompt of 16 tokens",
    );
    expect(impossible!.promise).toMatchObject({ tier: "gold", metric: "ttft", share: 0.99 });
  });

  test("more work than the GPUs allowed do, and nothing that a few more would do", () => {
    const design = ownDesign(twoTiers().replace("rate: 30/s", "rate: 3000/s"));
    const survey = surveyTraffic(design.scenario, noTrace);
    const { impossible, least } = boundsOf(design, survey, 64);
    expect(impossible!.reason).toMatch(
      /the work alone takes \d+ GPUs, and at most 64 may be used/u,
    );
    expect(least.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(100);
    const fine = ownDesign(twoTiers());
    expect(boundsOf(fine, surveyTraffic(fine.scenario, noTrace), 64).impossible).toBeUndefined();
  });
});
