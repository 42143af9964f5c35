/**
 * More than 20,000 requests that nobody would send: random methods, paths, headers and bodies, through the router and through raw
 * sockets. None of them is answered 500, every answer has the shape that clients expect, and the server goes on serving.
 */
import { connect } from "node:net";
import type { InjectOptions } from "fastify";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkInvariants } from "../../../src/engine/invariants.ts";
import { MODEL, type TestServer, chat, post, startServer, until } from "./support.ts";

const BATCH = 50;
const BATCHES = 360;
const RAW = 3000;
const seed = Number(process.env["SEED"] ?? 20_261_124);

let server: TestServer;

beforeAll(async () => {
  console.log(`seed ${seed}`);
  server = await startServer({ overrides: ["serve.maxBody=32KiB"] });
});

afterAll(() => server.close());

const PATHS = [
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/models",
  `/v1/models/${MODEL}`,
  "/health",
  "/ready",
  "/",
];
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND"] as const;
const KEYS = ["sk-acme", "sk-birch", "sk-cedar", "sk-elm", "sk-suspended", "sk-admin", "sk-x", ""];

const pathArb = fc
  .oneof(
    { weight: 12, arbitrary: fc.constantFrom(...PATHS.slice(0, 2)) },
    { weight: 3, arbitrary: fc.constantFrom(...PATHS) },
    { weight: 1, arbitrary: fc.webPath() },
    { weight: 1, arbitrary: fc.string().map((text) => `/v1/models/${encodeURIComponent(text)}`) },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme-ascii" }) },
  )
  // inject() itself refuses to send what is no URL; raw sockets do.
  .filter((path) => path.startsWith("/") && URL.canParse(path, "http://localhost"));

const numberArb = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, 1e308, -1e308, 2 ** 53, 1e21, 16, 17),
);
const valueArb = fc.oneof(
  { weight: 3, arbitrary: numberArb },
  { weight: 2, arbitrary: fc.string({ unit: "binary" }) },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, "", [], {}, "__proto__") },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 6 }) },
);
const FIELDS =
  `model messages prompt input stream stream_options n max_tokens max_completion_tokens stop temperature top_p seed
  logprobs top_logprobs tools tool_choice response_format logit_bias user echo suffix best_of __proto__ constructor
  paced_output_tokens priority adapter`.split(/\s+/u);

/** A body that would pass, with some of its fields replaced by anything. */
const mutatedArb = fc
  .tuple(
    fc.constantFrom<object>(
      chat(),
      chat({ stream: true, n: 2 }),
      { model: MODEL, prompt: "x" },
      { model: MODEL, input: "x" },
    ),
    fc.array(fc.tuple(fc.constantFrom(...FIELDS), valueArb), { maxLength: 2 }),
  )
  .map(([body, changes]) => JSON.stringify({ ...body, ...Object.fromEntries(changes) }));

const bodyArb = fc.oneof(
  { weight: 8, arbitrary: mutatedArb.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(mutatedArb, fc.nat(200), fc.nat(255))
      .map(([text, at, byte]) => withByte(Buffer.from(text), at, byte)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("[", '{"a":', '[{"":'), fc.nat(12_000))
      .map(([open, count]) => Buffer.from(open.repeat(count))),
  },
);

function withByte(bytes: Buffer, at: number, byte: number): Buffer {
  if (at < bytes.length) bytes[at] = byte;
  return bytes;
}

const headerArb = fc.dictionary(
  fc.oneof(
    fc.constantFrom("accept", "x-request-id", "x-tenant", "content-encoding", "expect", "range"),
    fc.stringMatching(/^[a-z][a-z-]{0,20}$/),
  ),
  fc.stringMatching(/^[ -~]{0,60}$/),
  { maxKeys: 3 },
);

const requestArb: fc.Arbitrary<InjectOptions> = fc
  .record({
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constant("POST" as const) },
      { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
    ),
    url: pathArb,
    key: fc.oneof(
      { weight: 8, arbitrary: fc.constant("sk-acme") },
      { weight: 1, arbitrary: fc.constantFrom(...KEYS) },
      { weight: 1, arbitrary: fc.stringMatching(/^[ -~]{0,40}$/) },
    ),
    type: fc.oneof(
      { weight: 15, arbitrary: fc.constant("application/json") },
      { weight: 1, arbitrary: fc.stringMatching(/^[ -~]{0,30}$/) },
    ),
    others: headerArb,
    payload: bodyArb,
  })
  .map(({ method, url, key, type, others, payload }) => ({
    method,
    url,
    headers: { ...others, authorization: `Bearer ${key}`, "content-type": type },
    ...(method !== "GET" && method !== "HEAD" && { payload }),
  }));

const STATUSES = new Set([200, 400, 401, 403, 404, 405, 413, 415, 417, 429, 503]);

function check(status: number, text: string, isHead: boolean): void {
  expect(STATUSES).toContain(status);
  if (isHead || status === 200) return;
  const { error }: { error: Record<string, unknown> } = JSON.parse(text);
  expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
  expect(error["message"]).not.toMatch(/\bat .*\.[jt]s\b|node_modules|birch-tuned/);
}

test(`${BATCH * BATCHES} requests through the router`, async () => {
  let count = 0;
  const statuses = new Map<number, number>();
  const batch = fc.array(requestArb, { minLength: BATCH, maxLength: BATCH });
  await fc.assert(
    fc.asyncProperty(batch, async (requests) => {
      await Promise.all(
        requests.map(async (request) => {
          const { statusCode, payload } = await server.app.inject(request);
          count += 1;
          statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
          try {
            check(statusCode, payload, request.method === "HEAD");
          } catch (error) {
            const { method, url, headers, payload: body } = request;
            const sent = JSON.stringify({
              method,
              url,
              headers,
              body: Buffer.isBuffer(body) && body.toString(),
            });
            throw new Error(`${sent} was answered ${payload}`, { cause: error });
          }
        }),
      );
    }),
    { numRuns: BATCHES, seed, endOnFailure: true, reporter: tellCause },
  );
  console.log(`${count} requests`, Object.fromEntries(statuses));
  expect(statuses.get(200)).toBeGreaterThan(1000);
  expect(statuses.get(400)).toBeGreaterThan(1000);
  await until(() => server.driver.engine.requestsInFlight === 0 && server.traffic.size === 0);
  server.driver.inspect((engine) => checkInvariants(engine));
});

/** One request of a batch is at fault: the batch itself says nothing. */
function tellCause(run: { failed: boolean; seed: number; errorInstance: unknown }): void {
  if (run.failed) throw new Error(`seed ${run.seed}`, { cause: run.errorInstance });
}

/** Bytes that are nearly a request, or nothing like one. */
const rawArb = fc
  .record({
    line: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...PATHS).map((path) => `POST ${path} HTTP/1.1`) },
      {
        weight: 1,
        arbitrary: fc
          .string({ unit: "binary-ascii", maxLength: 30 })
          .map((path) => `GET /${path} HTTP/1.1`),
      },
      { weight: 1, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 60 }) },
    ),
    headers: fc.array(
      fc.oneof(
        fc.constantFrom(
          "host: x",
          "authorization: Bearer sk-acme",
          "content-type: application/json",
          "transfer-encoding: chunked",
          "content-length: 5",
          "content-length: 99999999999",
          "connection: close",
          "connection: upgrade",
          "upgrade: websocket",
          "expect: 100-continue",
          "content-encoding: gzip",
        ),
        fc.string({ unit: "binary-ascii", maxLength: 40 }),
      ),
      { maxLength: 3 },
    ),
    body: bodyArb,
    isOurs: fc.boolean(),
  })
  .map(({ line, headers, body, isOurs }) => {
    const ours = [
      "host: x",
      "authorization: Bearer sk-acme",
      "content-type: application/json",
      `content-length: ${body.length}`,
    ];
    const head = [line, ...(isOurs ? ours : []), ...headers].join("\r\n");
    return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), body]);
  });

/** Sends the bytes and hangs up; resolves to what came back. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, "127.0.0.1");
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.end(bytes);
  });
}

test(`${RAW} requests through raw sockets`, async () => {
  const statuses = new Map<string, number>();
  const batch = fc.array(rawArb, { minLength: BATCH, maxLength: BATCH });
  await fc.assert(
    fc.asyncProperty(batch, async (requests) => {
      const answers = await Promise.all(requests.map(exchange));
      for (const answer of answers) {
        const status = answer === "" ? "none" : answer.slice(9, 12);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect(answer === "" || STATUSES.has(Number(status)) || status === "100", answer).toBe(
          true,
        );
      }
    }),
    { numRuns: RAW / BATCH, seed, endOnFailure: true, reporter: tellCause },
  );
  console.log(Object.fromEntries(statuses));
  await until(() => server.driver.engine.requestsInFlight === 0 && server.traffic.size === 0);
  const { response } = await post(server, "/v1/chat/completions", chat());
  expect(response.status).toBe(200);
  server.driver.inspect((engine) => checkInvariants(engine));
});
