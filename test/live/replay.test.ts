/**
 * A journal of a busy live run replays to the same decisions, a changed one does not, and one that cannot be read says where.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import seedrandom from "seedrandom";
import { expect, test } from "vitest";
import { PacedBackend } from "../../src/live/backends/paced.ts";
import { type Clock, systemClock } from "../../src/live/clock.ts";
import { JOURNAL_VERSION } from "../../src/live/journal/lines.ts";
import { JournalError, Replay, type ReplayOutcome } from "../../src/live/journal/replay.ts";
import { JournalWriter } from "../../src/live/journal/writer.ts";
import { checkInvariants, checkReplicaTime } from "../../src/engine/invariants.ts";
import { TestExchange, liveDriver } from "../support/live.ts";
import { scenarioOf } from "../support/scenario.ts";

const SCENARIO = {
  version: 2,
  name: "busy",
  platform: {
    pools: {
      shared: {
        model: "llama-3.1-8b",
        gpu: "h100-sxm",
        replicas: 2,
        maxNumSeqs: 6,
        adapterMemory: "200MiB",
        stepTime: { fixed: "300us", perToken: "2us" },
      },
    },
    tenants: {
      acme: { tier: "gold", adapters: { a: { size: "90MiB" }, b: { size: "90MiB" } } },
      birch: { tier: "silver", quotas: { maxQps: "150/s", maxConcurrentRequests: 20 } },
      cedar: { tier: "bronze", quotas: { maxTokensPerDay: 9000, maxGpuMemory: "1GiB" } },
    },
    isolation: { checkEvery: "50ms" },
  },
  workload: {},
};

const RELOADED = {
  text: JSON.stringify(SCENARIO),
  overrides: ["platform.policy=vtc", "platform.tenants.birch.weight=3"],
};

function loadPlatform({ text, overrides }: { text: string; overrides: readonly string[] }) {
  return scenarioOf(text, overrides).platform;
}

/** A platform on paced replicas, with everything that enters it and that it decides written down. */
function journaled(scenario: object, clock: Clock, outputTokens: (number: number) => number) {
  const { platform } = scenarioOf(scenario);
  const path = join(mkdtempSync(join(tmpdir(), "tenantry-")), "journal.jsonl");
  const backend = new PacedBackend(platform.pools, ({ number }) => outputTokens(number));
  const header = {
    journal: JOURNAL_VERSION,
    tenantry: "test",
    startedAtMs: clock.startedAtMs,
    scenario: { text: JSON.stringify(scenario), overrides: [] },
  } as const;
  const journal = new JournalWriter(path, header, backend.meters);
  const { driver } = liveDriver(platform, { clock, backend, journal });
  return { driver, read: () => readFileSync(path, "utf8").trimEnd().split("\n") };
}

/** Several hundred requests at random moments, some broken off, and a reload in the middle. */
async function busyRun(seed: string): Promise<{ lines: string[]; completed: number }> {
  const { driver, read } = journaled(SCENARIO, systemClock(), (number) => 5 + ((number * 7) % 40));
  const random = seedrandom(seed);
  const exchanges: TestExchange[] = [];
  for (let turn = 0; turn < 150; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    for (let count = Math.floor(random() * 5); count > 0; count--) {
      const tenant = Math.floor(random() * 3);
      const exchange = new TestExchange({
        id: `r-${exchanges.length}`,
        tenant,
        pool: 0,
        promptTokens: 1 + Math.floor(random() * 300),
        maxOutputTokens: 60,
        ...(tenant === 0 && random() < 0.6 && { adapterIndex: Math.floor(random() * 2) }),
      });
      exchanges.push(exchange);
      driver.submit(exchange);
    }
    if (random() < 0.3) driver.cancel(exchanges[Math.floor(random() * exchanges.length)]!);
    if (turn === 75) expect(driver.reload(loadPlatform(RELOADED), RELOADED)).toBeUndefined();
  }
  await Promise.all(exchanges.map(({ over }) => over));
  driver.inspect((engine) => checkInvariants(engine));
  await driver.stop();
  const completed = exchanges.filter(({ ending }) => ending?.outcome === "completed").length;
  return { lines: read(), completed };
}

function replay(lines: readonly string[], scenario: object = SCENARIO): ReplayOutcome {
  const again = new Replay(scenarioOf(scenario).platform, loadPlatform);
  for (const [index, line] of lines.entries()) {
    if (index > 0 && !again.take(line, index + 1)) break;
  }
  return again.finish();
}

test("a busy run replays to identical decisions, and every changed input or decision shows", async () => {
  const { lines, completed } = await busyRun("busy");
  const outcome = replay(lines);
  expect(outcome.difference).toBeUndefined();
  expect(completed).toBeGreaterThan(50);
  expect(outcome.decisions).toBeGreaterThan(1000);
  for (const name of ['[">evict"', '[">rejected"', '[">loadAdapter"', '["reload"', '["cancel"']) {
    expect(lines.filter((line) => line.startsWith(name)).length, name).toBeGreaterThan(0);
  }
  const joining = lines.findIndex((line) => line.startsWith('[">join"'));
  expect(replay(lines.with(joining, '[">join",1,0,999999]')).difference).toMatchObject({
    line: joining + 1,
    recorded: '[">join",1,0,999999]',
  });
  expect(replay(lines.toSpliced(joining, 1)).difference).toBeDefined();
  const submit = lines.findIndex((line) => line.startsWith('["submit"'));
  expect(replay(lines.with(submit, '["submit",1,2,0,9000,60,null]')).difference).toBeDefined();
});

test("a noisy neighbour is held back in a live run, and the journal repeats every step of it", async () => {
  const [shared] = Object.values(SCENARIO.platform.pools);
  const scenario = {
    ...SCENARIO,
    platform: {
      policy: "fcfs",
      pools: { shared },
      tenants: { calm: { tier: "silver" }, loud: { tier: "silver" } },
      isolation: { checkEvery: "50ms", tightenAfter: 1, relaxAfter: 2 },
    },
  };
  let nowNs = 0;
  const clock: Clock = { startedAtMs: 0, nowNs: () => nowNs };
  const { driver, read } = journaled(scenario, clock, () => 20);
  const exchanges: TestExchange[] = [];
  const send = (tenant: number): void => {
    const id = `r-${exchanges.length}`;
    const sent = { id, tenant, pool: 0, promptTokens: 20, maxOutputTokens: 20 };
    exchanges.push(new TestExchange(sent));
    driver.submit(exchanges.at(-1)!);
  };
  // A batch of 12 gives some 1,900 requests per second: one every 5 ms is far below half of it, four a millisecond far above.
  for (let turn = 0; turn < 2000; turn++) {
    nowNs += 1e6;
    if (turn % 5 === 0) send(0);
    const loud = turn > 600 ? 4 : 0;
    for (let sent = 0; sent < loud; sent++) send(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  nowNs += 60e9;
  driver.inspect((engine) => checkInvariants(engine));
  await driver.stop();
  const lines = read();
  for (const what of ["noisy-neighbour", "mitigation-tightened", "mitigation-ended"]) {
    expect(lines.filter((line) => line.includes(`"${what}"`)).length, what).toBeGreaterThan(0);
  }
  expect(replay(lines, scenario)).toMatchObject({ difference: undefined });
});

test("a run that scales out and in replays to the same replicas provisioned and given back", async () => {
  const [shared] = Object.values(SCENARIO.platform.pools);
  const autoscale = {
    min: 1,
    max: 4,
    provisioningDelay: "30ms",
    scaleOutAfter: "20ms",
    scaleInAfter: "60ms",
    cooldown: "20ms",
    smoothing: "20ms",
  };
  const scenario = {
    ...SCENARIO,
    platform: {
      pools: { shared: { ...shared, replicas: 1, autoscale } },
      tenants: { acme: { tier: "gold", adapters: SCENARIO.platform.tenants.acme.adapters } },
      isolation: { checkEvery: "10ms" },
    },
  };
  let nowNs = 0;
  const clock: Clock = { startedAtMs: 0, nowNs: () => nowNs };
  const { driver, read } = journaled(scenario, clock, () => 20);
  // A batch of 6 gives some 900 requests per second: two a millisecond for a third of the time are far above it.
  for (let turn = 0; turn < 1500; turn++) {
    nowNs += 1e6;
    for (let sent = turn % 900 < 300 ? 2 : 0; sent > 0; sent--) {
      const id = `r-${turn}-${sent}`;
      const adapterIndex = turn % 2;
      driver.submit(
        new TestExchange({
          id,
          tenant: 0,
          pool: 0,
          promptTokens: 20,
          maxOutputTokens: 20,
          adapterIndex,
        }),
      );
    }
    await new Promise((resolve) => setImmediate(resolve));
    driver.inspect((engine, atNs) => {
      checkInvariants(engine);
      checkReplicaTime(engine, atNs);
    });
  }
  await driver.stop();
  const lines = read();
  const count = (decision: string) =>
    lines.filter((line) => line.startsWith(`[">${decision}"`)).length;
  expect(count("provision")).toBeGreaterThan(3);
  expect(count("release")).toBeGreaterThan(2);
  expect(replay(lines, scenario).difference).toBeUndefined();
  for (const decision of ["provision", "release"]) {
    const first = lines.findIndex((line) => line.startsWith(`[">${decision}"`));
    const difference = replay(lines.toSpliced(first, 1), scenario).difference;
    expect(difference?.line, decision).toBe(first + 1);
  }
});

test.each([
  ["not json", "line 3: not JSON"],
  ['{"a":1}', "line 3: expected an array"],
  ['["dance",5]', "line 3, field 2: expected a number, got nothing"],
  ['["dance",5,0,0]', 'line 3, field 0: expected the name of an input, got "dance"'],
  ['["left",5,9,0]', "line 3, field 2: expected the index of a replica, got 9"],
  ['["cancel",5,77]', "line 3: request 77 was never admitted, or has ended"],
])("%s is refused with its place", (line, message) => {
  const again = new Replay(scenarioOf(SCENARIO).platform, loadPlatform);
  again.take('[">wakeAt",50000000]', 2);
  expect(() => again.take(line, 3)).toThrow(new JournalError(message));
});
