/**
 * What serving costs: requests/s from a closed loop, tokens/s of streams whose tokens come one by one, latency added to that
 * of a bare server at 1,000 requests/s from an open loop, and memory per 1,000 open streams. Server and load generator share
 * the machine; every charge is durable (SQLite, against crashes of the process) before its response ends.
 */
import { Pool } from "undici";
import {
  closedLoop,
  type Latency,
  latencyText,
  type Load,
  openLoop,
  send,
  startServer,
  stopServer,
} from "./http-load.ts";

/** Keys of the benchmark's server are its tenants' names. */
const HEADERS = ["acme", "birch", "cedar", "dune"].map((name) => ({
  authorization: `Bearer ${name}`,
}));
const OPEN_RATE_PER_S = 1000;
/** Streams that are due a token every 10 ms each: twice what is to be reached, so that the server shows its most. */
const BUSY_STREAMS = 2000;
const BUSY_STREAM_TOKENS = 1000;
const OPEN_STREAMS = 5000;

function loadOf(url: string, outputTokens: number, isStreaming: boolean): Load {
  const body = JSON.stringify({
    model: "llama-3.1-8b",
    messages: [{ role: "user", content: "How long is the coast of Britain?" }],
    max_tokens: outputTokens,
    paced_output_tokens: outputTokens,
    ...(isStreaming && { stream: true }),
  });
  return { url, headers: HEADERS, body };
}

/** The open loop on a server that has been warmed up. */
async function latencyOf(file: string, ...args: string[]): Promise<Latency> {
  const server = await startServer(file, ...args);
  const load = loadOf(server.url, 16, false);
  await closedLoop(load, 64);
  const latency = await openLoop(load, OPEN_RATE_PER_S);
  await stopServer(server);
  return latency;
}

/** Tokens/s and events/s of streams that run side by side, while all of them run. */
async function busyStreams(): Promise<{ tokensPerS: number; eventsPerS: number }> {
  const server = await startServer("live-server.ts", "paced", "10ms");
  const pool = new Pool(server.url, { connections: BUSY_STREAMS, pipelining: 1 });
  const load = loadOf(server.url, BUSY_STREAM_TOKENS, true);
  let open = 0;
  let events = 0;
  let startMs = 0;
  const stream = async (index: number): Promise<void> => {
    const { body: answer } = await send(pool, load, index);
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
  const server = await startServer("live-server.ts", "paced", "1s");
  const pool = new Pool(server.url, { connections: OPEN_STREAMS, pipelining: 1 });
  await fetch(`${server.url}/health`);
  const beforeMb = await residentMb(server.url);
  const load = loadOf(server.url, 600, true);
  const streams = await Promise.all(
    Array.from({ length: OPEN_STREAMS }, (_, index) => send(pool, load, index)),
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

const zeroLatency = await startServer("live-server.ts", "paced", "1ns");
const requestsPerS = await closedLoop(loadOf(zeroLatency.url, 16, false), 64);
console.log(
  `non-streaming, 16 output tokens, 64 connections: ${requestsPerS.toFixed(0)} requests/s`,
);
const streamsPerS = await closedLoop(loadOf(zeroLatency.url, 256, true), 64);
console.log(
  `streaming, 256 output tokens that are there at once, 64 connections: ${streamsPerS.toFixed(0)} requests/s, ${(streamsPerS * 256).toFixed(0)} tokens/s`,
);
await stopServer(zeroLatency);
const { tokensPerS, eventsPerS } = await busyStreams();
console.log(
  `streaming, ${BUSY_STREAMS} streams due a token every 10 ms: ${tokensPerS.toFixed(0)} tokens/s in ${eventsPerS.toFixed(0)} events/s`,
);
const bare = await latencyOf("bare-upstream.ts");
console.log(`latency of a bare server at ${OPEN_RATE_PER_S} requests/s: ${latencyText(bare)}`);
const ours = await latencyOf("live-server.ts", "paced", "1ns");
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
