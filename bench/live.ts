/**
 * What serving costs: requests/s from a closed loop, tokens/s of streams whose tokens come one by one, latency added to that
 * of a bare server at 1,000 requests/s from an open loop, and memory per 1,000 open streams. Server and load generator share
 * the machine; every charge is durable (SQLite, against crashes of the process) before its response ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Dispatcher, Pool } from "undici";

const TENANTS = ["acme", "birch", "cedar", "dune"];
const SECONDS = 8;
/** Server and generator are compiled as they run: their first seconds say little. */
const WARM_UP_SECONDS = 6;
const OPEN_RATE_PER_S = 1000;
const OPEN_LOOP_SECONDS = 20;
/** Streams that are due a token every 10 ms each: twice what is to be reached, so that the server shows its most. */
const BUSY_STREAMS = 2000;
const BUSY_STREAM_TOKENS = 1000;
const OPEN_STREAMS = 5000;

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
}

async function startServer(file: string, ...args: string[]): Promise<Server> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = await once(createInterface({ input: child.stdout }), "line");
  return { process: child, url: String(url) };
}

async function stopServer(server: Server): Promise<void> {
  server.process.kill("SIGTERM");
  await once(server.process, "exit");
}

function bodyOf(outputTokens: number, isStreaming: boolean): string {
  return JSON.stringify({
    model: "llama-3.1-8b",
    messages: [{ role: "user", content: "How long is the coast of Britain?" }],
    max_tokens: outputTokens,
    paced_output_tokens: outputTokens,
    ...(isStreaming && { stream: true }),
  });
}

function send(pool: Pool, body: string, number: number): Promise<Dispatcher.ResponseData> {
  return pool.request({
    path: "/v1/chat/completions",
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${TENANTS[number % TENANTS.length]!}`,
    },
    body,
  });
}

/** One whole request; throws unless it is answered well. */
async function ask(pool: Pool, body: string, number: number): Promise<void> {
  const { statusCode, body: answer } = await send(pool, body, number);
  const text = await answer.text();
  if (statusCode !== 200) throw new Error(`status ${statusCode}: ${text}`);
}

/** Requests/s that `connections` callers get done, each asking again as soon as it is answered; after a warm-up. */
async function closedLoop(url: string, body: string, connections: number): Promise<number> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const startMs = performance.now() + WARM_UP_SECONDS * 1000;
  const endMs = startMs + SECONDS * 1000;
  let done = 0;
  const caller = async (index: number): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
      await ask(pool, body, index);
      if (nowMs >= startMs) done += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => caller(index)));
  await pool.destroy();
  return done / SECONDS;
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Latencies of requests sent at a steady rate, whatever becomes of the earlier ones; from the time each was due. */
async function openLoop(url: string, body: string): Promise<Latency> {
  const pool = new Pool(url, { connections: 256, pipelining: 1 });
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  const total = OPEN_RATE_PER_S * OPEN_LOOP_SECONDS;
  for (let sent = 0; sent < total; ) {
    const dueMs = ((performance.now() - startMs) * OPEN_RATE_PER_S) / 1000;
    for (; sent < Math.min(dueMs, total); sent++) {
      const atMs = startMs + (sent * 1000) / OPEN_RATE_PER_S;
      pending.push(
        ask(pool, body, sent).then(() => {
          latencies.push(performance.now() - atMs);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  await pool.destroy();
  // The first second opens the connections.
  const sorted = latencies.slice(OPEN_RATE_PER_S).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

/** The open loop on a server that has been warmed up. */
async function latencyOf(file: string, ...args: string[]): Promise<Latency> {
  const server = await startServer(file, ...args);
  const body = bodyOf(16, false);
  await closedLoop(server.url, body, 64);
  const latency = await openLoop(server.url, body);
  await stopServer(server);
  return latency;
}

/** Tokens/s and events/s of streams that run side by side, while all of them run. */
async function busyStreams(): Promise<{ tokensPerS: number; eventsPerS: number }> {
  const server = await startServer("live-server.ts", "10ms");
  const pool = new Pool(server.url, { connections: BUSY_STREAMS, pipelining: 1 });
  const body = bodyOf(BUSY_STREAM_TOKENS, true);
  let open = 0;
  let events = 0;
  let startMs = 0;
  const stream = async (index: number): Promise<void> => {
    const { body: answer } = await send(pool, body, index);
    open += 1;
    if (open === BUSY_STREAMS) {
      startMs = performance.now();
      events = 0;
    }
    for await (const part of answer) {
      const bytes: Buffer = part;
      for (let at = bytes.indexOf("data:"); at >= 0; at = bytes.indexOf("data:", at + 1)) events++;
    }
  };
  await Promise.all(Array.from({ length: BUSY_STREAMS }, (_, index) => stream(index)));
  const seconds = (performance.now() - startMs) / 1000;
  await pool.destroy();
  await stopServer(server);
  return {
    tokensPerS: (BUSY_STREAMS * BUSY_STREAM_TOKENS) / seconds,
    eventsPerS: events / seconds,
  };
}

async function residentMb(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)![1]) / 2 ** 20;
}

/** Server memory with many streams open that hardly move, MB in all and per 1,000. */
async function openStreams(): Promise<{ allMb: number; perThousandMb: number }> {
  const server = await startServer("live-server.ts", "1s");
  const pool = new Pool(server.url, { connections: OPEN_STREAMS, pipelining: 1 });
  await fetch(`${server.url}/health`);
  const beforeMb = await residentMb(server.url);
  const body = bodyOf(600, true);
  const streams = await Promise.all(
    Array.from({ length: OPEN_STREAMS }, (_, index) => send(pool, body, index)),
  );
  const allMb = await residentMb(server.url);
  for (const { body: stream } of streams) {
    stream.on("error", () => {});
    stream.destroy();
  }
  await pool.destroy();
  await stopServer(server);
  return { allMb, perThousandMb: ((allMb - beforeMb) * 1000) / OPEN_STREAMS };
}

function latencyText({ p50Ms, p99Ms, maxMs }: Latency): string {
  return `P50 ${p50Ms.toFixed(2)} ms, P99 ${p99Ms.toFixed(2)} ms, max ${maxMs.toFixed(1)} ms`;
}

const zeroLatency = await startServer("live-server.ts", "1ns");
const requestsPerS = await closedLoop(zeroLatency.url, bodyOf(16, false), 64);
console.log(
  `non-streaming, 16 output tokens, 64 connections: ${requestsPerS.toFixed(0)} requests/s`,
);
const streamsPerS = await closedLoop(zeroLatency.url, bodyOf(256, true), 64);
console.log(
  `streaming, 256 output tokens that are there at once, 64 connections: ${streamsPerS.toFixed(0)} requests/s, ${(streamsPerS * 256).toFixed(0)} tokens/s`,
);
await stopServer(zeroLatency);
const { tokensPerS, eventsPerS } = await busyStreams();
console.log(
  `streaming, ${BUSY_STREAMS} streams due a token every 10 ms: ${tokensPerS.toFixed(0)} tokens/s in ${eventsPerS.toFixed(0)} events/s`,
);
const bare = await latencyOf("bare-server.ts");
console.log(`latency of a bare server at ${OPEN_RATE_PER_S} requests/s: ${latencyText(bare)}`);
const ours = await latencyOf("live-server.ts", "1ns");
console.log(`latency of ours: ${latencyText(ours)}`);
const addedP50Ms = ours.p50Ms - bare.p50Ms;
const addedP99Ms = ours.p99Ms - bare.p99Ms;
console.log(`added latency: P50 ${addedP50Ms.toFixed(2)} ms, P99 ${addedP99Ms.toFixed(2)} ms`);
const { allMb, perThousandMb } = await openStreams();
console.log(
  `${OPEN_STREAMS} open streams: ${allMb.toFixed(0)} MB in all, ${perThousandMb.toFixed(0)} MB per 1,000`,
);
console.log(
  `live: ${requestsPerS.toFixed(0)} requests/s, ${tokensPerS.toFixed(0)} tokens/s, p99 added ${addedP99Ms.toFixed(2)} ms`,
);
