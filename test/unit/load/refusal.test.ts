/** Refusals of our own server and of others, as a load generator counts them and its clients take them. */
import { describe, expect, test } from "vitest";
import { isRetryable, REJECT_REASONS } from "../../../src/engine/request.ts";
import { errorBody, errorHeaders, rejectionError } from "../../../src/live/http/errors.ts";
import { parseRecord, recordOf } from "../../../src/load/json.ts";
import { type Headers, refusalOf } from "../../../src/load/refusal.ts";

function read(status: number, error: object | undefined, headers: Headers = {}) {
  return refusalOf({ status, headers, error: recordOf(error), hasAdapter: false });
}

describe("a refusal of our own server", () => {
  test.each(REJECT_REASONS)("for %s is counted under that reason", (reason) => {
    const sent = rejectionError({ reason, retryAfterNs: 1_234_567_890 });
    const pairs = errorHeaders(sent);
    const headers: Record<string, string> = {};
    for (let at = 0; at < pairs.length; at += 2) headers[pairs[at]!] = pairs[at + 1]!;
    const error = recordOf(parseRecord(errorBody(sent))?.["error"]);
    const refusal = refusalOf({ status: sent.status, headers, error, hasAdapter: true });
    expect(refusal.reason).toBe(reason);
    expect(refusal.seen).toBe(isRetryable(reason) ? "rejected" : "refused");
    // Milliseconds, rounded up: never before the server's time, and within one millisecond of it.
    if (isRetryable(reason)) expect(refusal.retryAfterNs).toBe(1_235_000_000);
  });
});

describe("a refusal of any server", () => {
  test.each([
    [429, { code: "rate_limit_exceeded", type: "requests" }, "rate-limit", "rejected"],
    [429, { code: "rate_limit_exceeded", type: "tokens" }, "tokens-per-minute", "rejected"],
    [
      429,
      { code: "insufficient_quota", message: "Check your billing." },
      "spend-per-month",
      "refused",
    ],
    [429, undefined, "rate-limit", "rejected"],
    [413, undefined, "too-large", "refused"],
    [400, { message: "This model's context_length is 8192." }, "too-large", "refused"],
    [400, { code: "invalid_value" }, undefined, "refused"],
    [401, { code: "invalid_api_key" }, undefined, "refused"],
    [404, { code: "model_not_found" }, undefined, "refused"],
    [408, undefined, undefined, "failed"],
    [500, undefined, undefined, "failed"],
    [503, { code: "overloaded", message: "The server is shutting down." }, undefined, "failed"],
  ] as const)("%i %o", (status, error, reason, seen) => {
    expect(read(status, error)).toMatchObject({ reason, seen });
  });

  test("obeys x-should-retry before anything else", () => {
    expect(read(500, undefined, { "x-should-retry": "false" }).seen).toBe("refused");
    expect(read(400, undefined, { "x-should-retry": "true" }).seen).toBe("failed");
    const quota = { code: "insufficient_quota" };
    expect(read(429, quota, { "x-should-retry": "true" }).seen).toBe("rejected");
  });

  test.each([
    [{ "retry-after-ms": "250.5" }, 250_500_000],
    [{ "retry-after-ms": "250", "retry-after": "9" }, 250_000_000],
    [{ "retry-after": "2" }, 2_000_000_000],
    [{ "retry-after": ["3", "4"] }, 3_000_000_000],
    [{ "retry-after": "soon" }, 0],
    [{ "retry-after-ms": "-1" }, 0],
    [{}, 0],
  ])("waits as long as %o says", (headers, retryAfterNs) => {
    expect(read(429, undefined, headers).retryAfterNs).toBe(retryAfterNs);
  });
});
