/**
 * Gateways side by side, each alone on the machine with the same load generator and the same upstream, which answers at once:
 * requests/s whole and streamed, and latency at a rate that all of them can hold. LiteLLM and Portkey's gateway are measured
 * where they are installed:
 *
 *   npm run bench:gateways -- --litellm <folder of its venv>/bin/litellm --portkey <its package>/build/start-server.js
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  closedLoop,
  isServed,
  type Latency,
  type Load,
  openLoop,
  startServer,
} from "./http-load.ts";

const CONNECTIONS = 64;
const RATE_PER_S = 50;
const START_SECONDS = 90;
const LITELLM_PORT = 18_411;
const PORTKEY_PORT = 18_412;

interface Gateway {
  readonly process: ChildProcess;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Row {
  readonly name: string;
  readonly wholePerS: number;
  /** Undefined where it fails to stream at all. */
  readonly streamsPerS: number | undefined;
  readonly latency: Latency;
}

/** Waits until the server at the URL answers anything at all. */
async function answers(url: string): Promise<void> {
  const untilMs = performance.now() + START_SECONDS * 1000;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    await wait(250);
  }
}

async function startTenantry(upstream: string): Promise<Gateway> {
  const server = await startServer("live-server.ts", "openai", upstream);
  return { ...server, headers: { authorization: "Bearer acme" } };
}

/** One worker process, as it starts by itself; no database, no logging of requests. */
async function startLitellm(program: string, upstream: string): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), "gateways-"));
  const config = join(folder, "config.yaml");
  // By a name that says "llama" it would look for that tokenizer in the internet, and wait.
  const parameters = { model: "openai/bare", api_base: `${upstream}/v1`, api_key: "none" };
  writeFileSync(
    config,
    JSON.stringify({ model_list: [{ model_name: "llama-3.1-8b", litellm_params: parameters }] }),
  );
  const key = `sk-${randomBytes(32).toString("hex")}`;
  const args = ["--config", config, "--host", "127.0.0.1", "--port", String(LITELLM_PORT)];
  const environment = {
    ...process.env,
    HF_HUB_OFFLINE: "1",
    LITELLM_LOG: "ERROR",
    LITELLM_MASTER_KEY: key,
    LITELLM_LOCAL_MODEL_COST_MAP: "True",
  };
  const child = spawn(program, args, { stdio: "ignore", env: environment });
  child.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const url = `http://127.0.0.1:${LITELLM_PORT}`;
  await answers(`${url}/health/liveliness`);
  return { process: child, url, headers: { authorization: `Bearer ${key}` } };
}

async function startPortkey(script: string, upstream: string): Promise<Gateway> {
  const args = [script, `--port=${PORTKEY_PORT}`, "--headless"];
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  const url = `http://127.0.0.1:${PORTKEY_PORT}`;
  await answers(url);
  const headers = {
    authorization: "Bearer none",
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `${upstream}/v1`,
  };
  return { process: child, url, headers };
}

async function measure(name: string, start: (upstream: string) => Promise<Gateway>): Promise<Row> {
  const upstream = await startServer("bare-upstream.ts");
  const { process: child, url, headers } = await start(upstream.url);
  process.once("exit", () => child.kill("SIGKILL"));
  const load = (stream: boolean): Load => ({
    url,
    headers: [headers],
    body: JSON.stringify({
      model: "llama-3.1-8b",
      messages: [{ role: "user", content: "How long is the coast of Britain?" }],
      max_tokens: 16,
      stream,
    }),
  });
  const wholePerS = await closedLoop(load(false), CONNECTIONS);
  const canStream = await isServed(load(true));
  const streamsPerS = canStream ? await closedLoop(load(true), CONNECTIONS) : undefined;
  const latency = await openLoop(load(false), RATE_PER_S);
  for (const one of [child, upstream.process]) {
    const isOver = new Promise((resolve) => one.once("exit", resolve));
    one.kill("SIGTERM");
    await isOver;
  }
  console.error(`${name}: done`);
  return { name, wholePerS, streamsPerS, latency };
}

function tableOf(rows: readonly Row[]): string {
  const [bare] = rows;
  const lines = rows.map(({ name, wholePerS, streamsPerS, latency }) => {
    const added = (of: (latency: Latency) => number) =>
      (of(latency) - of(bare!.latency)).toFixed(2);
    return `| ${name} | ${wholePerS.toFixed(0)} | ${streamsPerS?.toFixed(0) ?? "fails"} | ${latency.p50Ms.toFixed(2)} / ${latency.p99Ms.toFixed(2)} | ${added(({ p50Ms }) => p50Ms)} / ${added(({ p99Ms }) => p99Ms)} |`;
  });
  return [
    `| gateway | requests/s, whole | requests/s, streamed | latency at ${RATE_PER_S}/s, P50 / P99 ms | added, P50 / P99 ms |`,
    "|---|---:|---:|---:|---:|",
    ...lines,
  ].join("\n");
}

const { values } = parseArgs({
  options: { litellm: { type: "string" }, portkey: { type: "string" } },
});
const { litellm, portkey } = values;
const direct = async (upstream: string): Promise<Gateway> => ({
  // Nothing stands in between; something must be there to end.
  process: spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"]),
  url: upstream,
  headers: {},
});
const rows = [await measure("none", direct), await measure("Tenantry", startTenantry)];
if (portkey !== undefined) {
  rows.push(await measure("Portkey", (upstream) => startPortkey(portkey, upstream)));
}
if (litellm !== undefined) {
  rows.push(await measure("LiteLLM", (upstream) => startLitellm(litellm, upstream)));
}
console.log(tableOf(rows));
