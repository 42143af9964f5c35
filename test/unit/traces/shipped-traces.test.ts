/** The traces in scenarios/traces: what their script writes today, and readable. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { agentTrace, chatTrace } from "../../../scripts/make-traces.ts";
import { drain, open } from "./helpers.ts";

const FOLDER = join(import.meta.dirname, "../../../scenarios/traces");

describe("shipped traces", () => {
  test.each([
    ["chat.csv", chatTrace],
    ["agents.jsonl", agentTrace],
  ])("%s is what the script writes", (name, make) => {
    expect(readFileSync(join(FOLDER, name), "utf8")).toBe(make());
  });

  test("chat.csv has three clients and some 2,000 rows in ten minutes", () => {
    const rows = drain(open("tenantry", join(FOLDER, "chat.csv")));
    expect(new Set(rows.map((row) => row.client))).toEqual(
      new Set(["assistant", "support", "completion"]),
    );
    expect(Math.abs(rows.length - 2000)).toBeLessThan(300);
    expect(rows.at(-1)!.timeNs).toBeLessThan(600e9);
  });

  test("agents.jsonl stands still for three seconds at a time", () => {
    const rows = drain(open("mooncake", join(FOLDER, "agents.jsonl")));
    expect(rows.every((row) => row.timeNs % 3e9 === 0)).toBe(true);
    expect(new Set(rows.map((row) => row.timeNs)).size).toBeLessThan(rows.length);
  });
});
