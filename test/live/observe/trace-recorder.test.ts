/** What was recorded reads back as a trace: every arrival once, in order, with its length or a guess that says so. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TraceRecorder } from "../../../src/live/observe/trace-recorder.ts";
import { FORMATS } from "../../../src/traces/formats.ts";
import { readRecords } from "../../../src/traces/records.ts";
import { HandClock, pass, send, stop, watched, watchedPlatform } from "../dashboard/platform.ts";

function fresh(): string {
  return join(mkdtempSync(join(tmpdir(), "tenantry-record-")), "trace.csv");
}

function rows(path: string): string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(1);
}

test("rows are in order of arrival whatever ends first; unknown lengths are guessed and marked", async () => {
  const path = fresh();
  const clock = new HandClock();
  const platform = watchedPlatform(["platform.tenants.acme.adapters={tuned: {size: 90MiB}}"]);
  const recorder = new TraceRecorder(path, platform);
  const lengths = [90, 4, 8, 20];
  const live = watched({
    platform,
    clock,
    observers: [recorder],
    outputTokens: (number) => lengths[number] ?? 10,
  });
  send(live.driver, 0, { adapterIndex: 0 });
  await pass(live.driver, clock, 1);
  send(live.driver, 1, { promptTokens: 50 });
  await pass(live.driver, clock, 1);
  send(live.driver, 1, { promptTokens: 51 });
  await pass(live.driver, clock, 200);
  // Two of birch have ended, with 4 and 8 tokens; acme's still runs, so nothing is written yet.
  send(live.driver, 1, { promptTokens: 52, maxOutputTokens: 10_000_000 });
  await pass(live.driver, clock, 1);
  const gone = send(live.driver, 3, { promptTokens: 20_000, maxOutputTokens: 70 });
  await pass(live.driver, clock, 1);
  live.driver.cancel(gone);
  await pass(live.driver, clock, 5000);
  await recorder.close();
  expect(rows(path)).toEqual([
    "0.000000000,acme,100,90,tuned,completed",
    "0.001000000,birch,50,4,,completed",
    "0.002000000,birch,51,8,,completed",
    "0.202000000,birch,52,6,,rejected",
    "0.203000000,dune,20000,70,,cancelled",
  ]);
  const read = [...readRecords(path, FORMATS.tenantry)].map(({ cells }) => cells);
  expect(read[3]).toEqual(["0.202000000", "52", "6", "birch"]);
  await stop(live);
});

test("holds at most so many rows behind one that runs", async () => {
  const path = fresh();
  const clock = new HandClock();
  const platform = watchedPlatform();
  const recorder = new TraceRecorder(path, platform, 3);
  const live = watched({
    platform,
    clock,
    observers: [recorder],
    outputTokens: (number) => (number === 0 ? 90 : 1),
  });
  for (const tenant of [0, 1, 1, 1, 1]) {
    send(live.driver, tenant);
    await pass(live.driver, clock, 10);
  }
  await recorder.close();
  expect(rows(path).map((row) => row.split(",").at(-1))).toEqual([
    "unfinished",
    "completed",
    "completed",
    "completed",
    "completed",
  ]);
  await stop(live);
});

test("what runs at the end is written, and a place that cannot be written is reported", async () => {
  const path = fresh();
  const platform = watchedPlatform();
  const recorder = new TraceRecorder(path, platform);
  const nowhere = new TraceRecorder("/nonexistent/trace.csv", platform);
  const clock = new HandClock();
  const live = watched({ platform, clock, observers: [recorder, nowhere] });
  send(live.driver, 0, { maxOutputTokens: 33 });
  await pass(live.driver, clock, 2);
  await recorder.close();
  expect(rows(path)).toEqual(["0.000000000,acme,100,33,,unfinished"]);
  await expect(nowhere.close()).rejects.toThrow("ENOENT");
  await stop(live);
});
