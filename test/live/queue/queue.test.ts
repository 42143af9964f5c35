/**
 * Sweeps over a queue in a real Redis: the same bytes as on one machine, whoever comes, goes or is killed, and nothing finished is lost.
 * Everybody is a process of its own, as it would be on machines of their own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { announce } from "../../../src/planner/queue/presence.ts";
import { hashOfSource, KEYS, type QueuedSource } from "../../../src/planner/queue/protocol.ts";
import { loadQueued } from "../../../src/planner/queue/shelf.ts";
import { commandIn, MAIN } from "../../support/command.ts";
import { twoTiers } from "../../unit/planner/files.ts";
import { describeWithRedis, RedisServer } from "./redis-server.ts";

const REPORTS = ["sweep.csv", "sweep.html", "sweep.json", "sweep.md"];
const LONG = twoTiers({ simulation: "{ duration: 5min, seed: 5, audit: { requests: 0 } }" });
const VARY = ["long.yaml", "--vary", "shared.gpus=1..3:1", "--vary", "lab.rate=10/s,20/s"];
const RUNS = 12;

interface Started {
  readonly child: ChildProcess;
  /** What it has written to stderr so far. */
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

describeWithRedis("a sweep over a queue", () => {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-queue-"));
  const elsewhere = mkdtempSync(join(tmpdir(), "tenantry-elsewhere-"));
  const tenantry = commandIn(folder);
  let redis: RedisServer;
  const children: ChildProcess[] = [];

  beforeAll(() => {
    writeFileSync(join(folder, "long.yaml"), LONG);
    const whole = tenantry("sweep", ...VARY, "--replications", "2", "--out", "local", "--quiet");
    expect(whole).toEqual({ status: 0, stdout: "", stderr: "" });
  }, 120_000);
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await redis.kill();
  });
  afterAll(() => {
    for (const one of [folder, elsewhere]) rmSync(one, { recursive: true, force: true });
  });

  function start(cwd: string, ...args: readonly string[]): Started {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.push(child);
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const ended = once(child, "close").then(([code]: (number | null)[]) => code ?? null);
    return { child, said: () => text, ended };
  }

  /** A worker in a folder that holds nothing of the sweep. */
  function worker(): Started {
    return start(elsewhere, "worker", "--queue", redis.url, "--threads", "1");
  }

  function sweep(out: string): Started {
    mkdirSync(join(folder, out), { recursive: true });
    return start(
      folder,
      "sweep",
      ...VARY,
      "--replications",
      "2",
      "--out",
      out,
      "--queue",
      redis.url,
    );
  }

  function reports(out: string): readonly string[] {
    return REPORTS.map((name) => readFileSync(join(folder, out, name), "utf8"));
  }

  function runsIn(out: string): number {
    const path = join(folder, out, "runs.jsonl");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 2 : 0;
  }

  /** Resolves when so many runs are kept. */
  async function kept(out: string, runs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (runsIn(out) >= runs) resolve();
    };
    const watcher = watch(join(folder, out), look);
    look();
    await promise;
    watcher.close();
  }

  test("comes to the same bytes though a worker is killed in the middle of it", async () => {
    const [doomed, other] = [worker(), worker()];
    const run = sweep("killed");
    await kept("killed", 2);
    doomed.child.kill("SIGKILL");
    expect(await run.ended, run.said()).toBe(0);
    expect(reports("killed")).toEqual(reports("local"));
    other.child.kill("SIGTERM");
    expect(await other.ended).toBe(0);
    expect(other.said()).toMatch(/\d+ simulations made\n$/);
  });

  test("goes on after kill -9 of the sweep, with what workers finished meanwhile", async () => {
    worker();
    const run = sweep("gone");
    await kept("gone", 2);
    run.child.kill("SIGKILL");
    await run.ended;
    const again = sweep("gone");
    expect(await again.ended, again.said()).toBe(0);
    expect(again.said()).toMatch(/^\d+ of 12 simulations were made before and are used again\n/);
    expect(reports("gone")).toEqual(reports("local"));
  });

  test("takes back at Ctrl-C what nobody has begun", async () => {
    worker();
    const run = sweep("stopped");
    await kept("stopped", 1);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    expect(run.said()).toMatch(
      /interrupted: \d+ of 12 simulations are kept in stopped\/runs\.jsonl/,
    );
    const client = new Redis(redis.url);
    const waiting = await client.llen("tenantry:sweep-0.1.0:wait");
    client.disconnect();
    expect(waiting).toBe(0);
  });

  test("hands jobs out again to a server that came back without its memory", async () => {
    worker();
    const run = sweep("forgotten");
    await kept("forgotten", 2);
    await redis.kill();
    await redis.restart();
    expect(await run.ended, run.said()).toBe(0);
    expect(reports("forgotten")).toEqual(reports("local"));
  });

  test("ends with a message when the server stays away, and loses nothing that was finished", async () => {
    const idle = worker();
    const run = sweep("lost");
    await kept("lost", 2);
    await redis.kill();
    expect(await run.ended).toBe(2);
    expect(run.said()).toContain(
      `the queue at ${redis.url} is gone: connect ECONNREFUSED 127.0.0.1:${redis.port}\n${runsIn("lost")} of ${RUNS} simulations are kept in lost/runs.jsonl`,
    );
    expect(await idle.ended).toBe(2);
    expect(idle.said()).toContain(`the queue at ${redis.url} is gone`);
    await redis.restart();
    worker();
    const again = sweep("lost");
    expect(await again.ended, again.said()).toBe(0);
    expect(reports("lost")).toEqual(reports("local"));
  }, 240_000);

  test("takes traces along", async () => {
    const traced = twoTiers({ simulation: "{ duration: 20s, audit: { requests: 0 } }" }).replace(
      "arrivals: { process: poisson, rate: 30/s }, promptTokens: 16, outputTokens: 10",
      "arrivals: { trace: { path: some/trace.csv, format: tenantry } }",
    );
    mkdirSync(join(folder, "some"));
    writeFileSync(join(folder, "traced.yaml"), traced);
    const rows = Array.from(
      { length: 300 },
      (_, at) => `${at / 20},a,${10 + (at % 7)},${5 + (at % 5)}`,
    );
    writeFileSync(
      join(folder, "some/trace.csv"),
      `time_s,client,prompt_tokens,output_tokens\n${rows.join("\n")}\n`,
    );
    const args = ["sweep", "traced.yaml", "--vary", "shared.gpus=1,2"];
    expect(tenantry(...args, "--out", "traced-local", "--quiet").status).toBe(0);
    worker();
    const run = start(folder, ...args, "--out", "traced", "--queue", redis.url, "--quiet");
    expect(await run.ended, run.said()).toBe(0);
    expect(reports("traced")).toEqual(reports("traced-local"));
  });

  test("refuses files that do not travel and are another, or not there", async () => {
    const client = new Redis(redis.url);
    const source: QueuedSource = {
      source: { text: LONG, fileName: "long.yaml", overrides: [], tenantryVersion: "0.1.0" },
      files: [{ path: "large.csv", sha256: "ab".repeat(32), travels: false }],
    };
    const hash = hashOfSource(source);
    await client.set(KEYS.source(hash), JSON.stringify(source));
    const shelf = { ownFolder: join(elsewhere, "own"), filesFolder: elsewhere };
    await expect(loadQueued(client, hash, shelf)).rejects.toThrow(
      /large\.csv is too large to travel and is not here .* start the worker with --files/,
    );
    writeFileSync(join(elsewhere, "large.csv"), "time_s\n");
    await expect(loadQueued(client, hash, shelf)).rejects.toThrow(
      "their contents differ; copy it anew",
    );
    await expect(loadQueued(client, "unknown", shelf)).rejects.toThrow("start the sweep again");
    client.disconnect();
  });

  test("is refused by workers of another version, and refuses them", async () => {
    const client = new Redis(redis.url);
    const others = await announce(client, "worker", { version: "9.9.9" });
    const run = sweep("version");
    expect(await run.ended).toBe(2);
    expect(run.said()).toMatch(
      /are of another version of tenantry: .*:\d+ is 9\.9\.9, and this is 0\.1\.0/,
    );
    await others.stop();
    const stranger = await announce(client, "sweep", { version: "9.9.9" });
    const refused = worker();
    expect(await refused.ended).toBe(2);
    expect(refused.said()).toContain("is 9.9.9, and this is 0.1.0");
    await stranger.stop();
    client.disconnect();
  });

  test.each([
    ["redis://127.0.0.1:1", "cannot reach a queue at redis://127.0.0.1:1: connect ECONNREFUSED"],
    ["http://127.0.0.1", "expected redis://host:port"],
    ["redis://user:secret@127.0.0.1:1/3", "cannot reach a queue at redis://127.0.0.1:1/3: "],
  ])("is told that nothing answers at %s", (url, message) => {
    for (const args of [
      ["sweep", ...VARY, "--out", "nobody", "--queue", url],
      ["worker", "--queue", url],
    ]) {
      const { status, stderr } = tenantry(...args);
      expect(status).toBe(2);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain("secret");
    }
  });
});
