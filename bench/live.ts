/**
 * What serving costs, with a backend that takes no time: requests/s and streamed tokens/s from a closed loop, added latency
 * at 1,000 requests/s from an open one, and memory per 1,000 open streams. Server and load generator share the machine;
 * every charge is durable (SQLite, against crashes of the process) before its response ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Pool } from "undici";

const TENANTS = ["acme", "birch", "cedar", "dune"];
const SECONDS = 8;
/** Server and generator are compiled as they run: their first seconds say little. */
const WARM_UP_SECONDS = 6;
const OPEN_RATE_PER_S = 1000;
const OPEN_STREAMS = 5000;

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
}

async function startServer(stepTime: string): Promise<Server> {
  const file = fileURLToPath(new URL("live-server.ts", import.meta.url));
  const child = spawn(process.execPath, [file, stepTime], { stdio: ["ignore", "pipe", "inherit"] });
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

/** One whole request; throws unless it is answered well. */
async function ask(pool: Pool, body: string, number: number): Promise<void> {
  const { statusCode, body: answer } = await pool.request({
    path: "/v1/chat/completions",
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${TENANTS[number % TENANTS.length]!}`,
    },
    body,
  });
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

/** Latencies of requests sent at a steady rate, whatever becomes of the earlier ones, ms; from the time each was due. */
async function openLoop(url: string, body: string): Promise<number[]> {
  const pool = new Pool(url, { connections: 256, pipelining: 1 });
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  const total = OPEN_RATE_PER_S * SECONDS;
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
  // The first second warms up.
  return latencies.slice(OPEN_RATE_PER_S).toSorted((a, b) => a - b);
}

async function residentMb(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)![1]) / 2 ** 20;
}

/** Server memory with many streams open that hardly move, MB in all and per 1,000. */
async function openStreams(): Promise<{ allMb: number; perThousandMb: number }> {
  const server = await startServer("1s");
  const pool = new Pool(server.url, { connections: OPEN_STREAMS, pipelining: 1 });
  await fetch(`${server.url}/health`);
  const beforeMb = await residentMb(server.url);
  const body = bodyOf(600, true);
  const streams = await Promise.all(
    Array.from({ length: OPEN_STREAMS }, (_, index) =>
      pool.request({
        path: "/v1/chat/completions",
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${TENANTS[index % TENANTS.length]!}`,
        },
        body,
      }),
    ),
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

const server = await startServer("1ns");
const requestsPerS = await closedLoop(server.url, bodyOf(16, false), 64);
console.log(
  `non-streaming, 16 output tokens, 64 connections: ${requestsPerS.toFixed(0)} requests/s`,
);
const outputTokens = 256;
const streamsPerS = await closedLoop(server.url, bodyOf(outputTokens, true), 64);
const tokensPerS = streamsPerS * outputTokens;
console.log(
  `streaming, ${outputTokens} output tokens, 64 connections: ${streamsPerS.toFixed(0)} requests/s, ${tokensPerS.toFixed(0)} tokens/s`,
);
const latencies = await openLoop(server.url, bodyOf(16, false));
const at = (share: number): number => latencies[Math.ceil(share * latencies.length) - 1]!;
console.log(
  `added latency at ${OPEN_RATE_PER_S} requests/s: P50 ${at(0.5).toFixed(2)} ms, P99 ${at(0.99).toFixed(2)} ms, max ${at(1).toFixed(1)} ms`,
);
await stopServer(server);
const { allMb, perThousandMb } = await openStreams();
console.log(
  `${OPEN_STREAMS} open streams: ${allMb.toFixed(0)} MB in all, ${perThousandMb.toFixed(0)} MB per 1,000`,
);
console.log(
  `live: ${requestsPerS.toFixed(0)} requests/s, ${tokensPerS.toFixed(0)} tokens/s, p99 added ${at(0.99).toFixed(2)} ms`,
);
