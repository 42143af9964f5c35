/** The parts of the HTTP layer that have an arithmetic of their own. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Gcra } from "../../../src/engine/quota/gcra.ts";
import { ChunkFormat } from "../../../src/live/http/formats.ts";
import { parseJsonBody } from "../../../src/live/http/json-body.ts";
import { ModelDirectory } from "../../../src/live/http/model-directory.ts";
import { duration } from "../../../src/live/http/rate-headers.ts";
import { errorHeaders, problemError, rejectionError } from "../../../src/live/http/errors.ts";
import { StopCutter } from "../../../src/live/http/stop-cutter.ts";
import { REJECT_REASONS, isRetryable } from "../../../src/engine/request.ts";
import { scenarioOf } from "../../support/scenario.ts";
import { SCENARIO } from "./support.ts";

describe("stop strings", () => {
  test.each([
    [["ab"], ["a", "b"], "", true],
    [["ab"], ["xa", "a", "bz"], "xa", true],
    [["ab"], ["xa"], "xa", false],
    [["aab"], ["aa", "ab", "x"], "a", true],
    [["long one", "one"], ["a long o", "ne"], "a ", true],
    [["end"], ["e", "n", "e"], "ene", false],
  ])("%j in %j leaves %j", (stops, pieces, text, hasMatched) => {
    const cutter = new StopCutter(stops);
    const given = pieces.map((piece) => cutter.push(piece)).join("") + cutter.end();
    expect([given, cutter.hasMatched]).toEqual([text, hasMatched]);
  });

  test("however a text is cut into pieces, it ends where its first stop string begins", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(letters), fc.array(stop, { maxLength: 3 }), (pieces, stops) => {
        const cutter = new StopCutter(stops);
        let given = "";
        for (const piece of pieces) {
          given += cutter.push(piece);
          expect(stops.some((one) => given.includes(one))).toBe(false);
        }
        given += cutter.end();
        const whole = pieces.join("");
        if (cutter.hasMatched) {
          expect(stops.some((one) => whole.startsWith(given + one))).toBe(true);
        } else expect(given).toBe(whole);
        expect(stops.some((one) => given.includes(one))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  [0, "0ms"],
  [1, "1ms"],
  [12e6, "12ms"],
  [1e9, "1s"],
  [1.2345e9, "1.235s"],
  [360e9, "6m0s"],
  [86_399.2e9, "24h0m0s"],
  [5_405e9, "1h30m5s"],
])("%d ns is %s", (ns, text) => {
  expect(duration(ns)).toBe(text);
});

test("what is said to remain of a rate passes, and one more does not", () => {
  const times = fc.array(fc.record({ gapNs: fc.nat(3e9), units: fc.nat(7) }), { maxLength: 40 });
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 5000, noNaN: true }),
      fc.integer({ min: 1, max: 60_000 }),
      times,
      (ratePerS, burst, steps) => {
        const gcra = new Gcra(ratePerS, burst);
        let nowNs = 0;
        for (const { gapNs, units } of steps) {
          nowNs += gapNs;
          if (gcra.waitNs(nowNs, units) === 0) gcra.take(nowNs, units);
          const left = gcra.remaining(nowNs);
          expect(Number.isInteger(left) && left >= 0 && left <= burst).toBe(true);
          if (left > 0) expect(gcra.waitNs(nowNs, left)).toBe(0);
          expect(gcra.waitNs(nowNs, left + 1)).toBeGreaterThan(0);
          const fullNs = nowNs + Math.ceil(gcra.untilFullNs(nowNs)) + 1;
          expect(gcra.remaining(fullNs)).toBe(burst);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

describe("errors", () => {
  test("clients are told to try again exactly where the engine says that it helps", () => {
    for (const reason of REJECT_REASONS) {
      const error = rejectionError({ reason, retryAfterNs: isRetryable(reason) ? 5e6 : Infinity });
      expect([reason, error.isRetryable]).toEqual([reason, isRetryable(reason)]);
    }
    const never = rejectionError({ reason: "tokens-per-minute", retryAfterNs: Infinity });
    expect(never.isRetryable).toBe(false);
  });

  test("a throttled client gets a 429 with the exact time to wait, and learns of nobody else", () => {
    const error = rejectionError({ reason: "throttled", retryAfterNs: 1_234_000_001 });
    expect(error).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    const headers = errorHeaders(error);
    expect(headers[headers.indexOf("retry-after") + 1]).toBe("2");
    expect(headers[headers.indexOf("retry-after-ms") + 1]).toBe("1235");
    expect(error.message).toBe("The server is busy, and you ask for more than your share of it.");
  });

  test.each([
    [422, 422, "invalid_request_error"],
    [502, 502, "server_error"],
    [200, 502, "server_error"],
    [Number.NaN, 502, "server_error"],
  ])("an upstream's %d becomes %d", (status, told, type) => {
    expect(problemError({ status, message: "no" })).toMatchObject({ status: told, type });
  });
});

function nested(levels: number): Buffer {
  return Buffer.from("[".repeat(levels) + "]".repeat(levels));
}

test("a body is as deep as it may be, or refused", () => {
  expect(parseJsonBody(nested(100)).kind).toBe("value");
  expect(parseJsonBody(nested(101)).kind).toBe("refused");
  fc.assert(
    fc.property(fc.json({ maxDepth: 20 }), (json) => {
      expect(parseJsonBody(Buffer.from(json))).toEqual({ kind: "value", value: JSON.parse(json) });
    }),
  );
});

test("a chunk is JSON whatever the words are", () => {
  const identity = { endpoint: "chat", id: "r-0", createdS: 1, model: 'a"b\\' } as const;
  const format = new ChunkFormat(identity, true);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const chunk = format.text(3, text);
      expect(chunk.slice(6, -2)).not.toMatch(/[\n\r]/);
      expect(JSON.parse(chunk.slice(6))).toMatchObject({
        model: 'a"b\\',
        choices: [{ index: 3, delta: { content: text } }],
        usage: null,
      });
    }),
  );
});

test("a dedicated pool comes before a shared one, and a reload shows at once", () => {
  let { platform } = scenarioOf(SCENARIO);
  const directory = new ModelDirectory(() => platform);
  const poolOf = (tenant: number) =>
    platform.pools[directory.targetsOf(tenant).get("llama-3.1-8b")!.pool]!.name;
  expect([poolOf(0), poolOf(1)]).toEqual(["own", "shared"]);
  expect(directory.tenantIndex("fir")).toBeUndefined();
  const tenants = { ...SCENARIO.platform.tenants, fir: { tier: "gold" } };
  ({ platform } = scenarioOf({ ...SCENARIO, platform: { ...SCENARIO.platform, tenants } }));
  expect(directory.tenantIndex("fir")).toBe(5);
  expect(poolOf(5)).toBe("shared");
});

test("a failure of the model server is worth another try, a model that is not there is not", () => {
  const problem = { status: 502, message: "It failed." };
  expect(problemError(problem)).toMatchObject({ status: 502, isRetryable: true });
  expect(problemError({ ...problem, isLasting: true })).toMatchObject({
    status: 502,
    isRetryable: false,
  });
});
