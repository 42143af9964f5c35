/** Loads an OpenAI-compatible server over HTTP: a closed loop for what it can do, an open one for how long it takes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Dispatcher, Pool } from "undici";

/** The server and the generator are compiled as they run: their first seconds say little. */
const WARM_UP_SECONDS = 6;
const CLOSED_LOOP_SECONDS = 8;
const OPEN_LOOP_SECONDS = 20;

export interface Server {
  readonly process: ChildProcess;
  readonly url: string;
}

/** What is sent, and as whom: callers take the headers in turn. */
export interface Load {
  readonly url: string;
  readonly headers: readonly Readonly<Record<string, string>>[];
  readonly body: string;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Starts a server of this folder, which prints where it listens. */
export async function startServer(file: string, ...args: string[]): Promise<Server> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  // A benchmark that fails leaves nothing running.
  process.once("exit", () => child.kill("SIGKILL"));
  const [url] = await once(createInterface({ input: child.stdout }), "line");
  return { process: child, url: String(url) };
}

export async function stopServer({ process: child }: Server): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

export function send(pool: Pool, load: Load, number: number): Promise<Dispatcher.ResponseData> {
  return pool.request({
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json", ...load.headers[number % load.headers.length] },
    body: load.body,
  });
}

/** Whether such a request is answered well at all. */
export async function isServed(load: Load): Promise<boolean> {
  const pool = new Pool(load.url);
  try {
    await ask(pool, load, 0);
    return true;
  } catch {
    return false;
  } finally {
    await pool.destroy();
  }
}

/** One whole request; throws unless it is answered well. */
async function ask(pool: Pool, load: Load, number: number): Promise<void> {
  const { statusCode, body } = await send(pool, load, number);
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`status ${statusCode}: ${text}`);
}

/** Requests/s that `connections` callers get done, each asking again as soon as it is answered; after a warm-up. */
export async function closedLoop(load: Load, connections: number): Promise<number> {
  const pool = new Pool(load.url, { connections, pipelining: 1 });
  const startMs = performance.now() + WARM_UP_SECONDS * 1000;
  const endMs = startMs + CLOSED_LOOP_SECONDS * 1000;
  let done = 0;
  const caller = async (index: number): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
      await ask(pool, load, index);
      if (nowMs >= startMs) done += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => caller(index)));
  await pool.destroy();
  return done / CLOSED_LOOP_SECONDS;
}

/** Latencies of requests sent at a steady rate, whatever becomes of the earlier ones; from the time each was due. */
export async function openLoop(load: Load, ratePerS: number): Promise<Latency> {
  const pool = new Pool(load.url, { connections: 256, pipelining: 1 });
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  const total = ratePerS * OPEN_LOOP_SECONDS;
  for (let sent = 0; sent < total; ) {
    const dueMs = ((performance.now() - startMs) * ratePerS) / 1000;
    for (; sent < Math.min(dueMs, total); sent++) {
      const atMs = startMs + (sent * 1000) / ratePerS;
      pending.push(
        ask(pool, load, sent).then(() => {
          latencies.push(performance.now() - atMs);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  await pool.destroy();
  // The first second opens the connections.
  const sorted = latencies.slice(ratePerS).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

export function latencyText({ p50Ms, p99Ms, maxMs }: Latency): string {
  return `P50 ${p50Ms.toFixed(2)} ms, P99 ${p99Ms.toFixed(2)} ms, max ${maxMs.toFixed(1)} ms`;
}
