/** Errors are counted by kind, and a server that makes up codes cannot fill the memory. */
import { expect, test } from "vitest";
import { ErrorTally } from "../../../src/load/tally.ts";

test("counts by status, code and reason, most frequent first", () => {
  const tally = new ErrorTally();
  const limit = { status: 429, code: "rate_limit_exceeded", reason: "rate-limit", message: "a" };
  tally.add({ status: null, code: "ECONNRESET", reason: null, message: "reset" });
  tally.add(limit);
  tally.add({ ...limit, message: "b" });
  expect(tally.list()).toEqual([
    { ...limit, count: 2 },
    { status: null, code: "ECONNRESET", reason: null, message: "reset", count: 1 },
  ]);
});

test("keeps fifty kinds and counts further ones together", () => {
  const tally = new ErrorTally();
  for (let code = 0; code < 1000; code++) {
    tally.add({ status: 500, code: `made-up-${code}`, reason: null, message: "x".repeat(10_000) });
  }
  const list = tally.list();
  expect(list).toHaveLength(51);
  expect(list[0]).toMatchObject({ code: "others", count: 950 });
  expect(list[1]!.message).toHaveLength(300);
});
