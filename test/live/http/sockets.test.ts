/** What only a raw socket can do to a server: dawdle, lie about lengths, send nonsense, read nothing. It keeps serving. */
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TINY_MODEL } from "../../support/tiny-hardware.ts";
import { type TestServer, chat, post, startServer, until } from "./support.ts";

let server: TestServer;

const TORRENT = {
  version: 2,
  name: "torrent",
  platform: {
    models: { tiny: { config: { ...TINY_MODEL.config, max_position_embeddings: 5_000_000 } } },
    pools: {
      all: {
        model: "tiny",
        gpu: "h100-sxm",
        replicas: 1,
        stepTime: { fixed: "1us", perToken: "0us" },
      },
    },
    tenants: { acme: { tier: "gold" } },
  },
  workload: {},
};

beforeAll(async () => {
  const overrides = ["serve.maxBody=64KiB", "serve.headerTimeout=300ms", "serve.bodyTimeout=600ms"];
  server = await startServer({ overrides });
});

afterAll(() => server.close());

/** Whatever was done to it. */
afterEach(async () => {
  const { response } = await post(server, "/v1/chat/completions", chat({ max_tokens: 2 }));
  expect(response.status).toBe(200);
  expect(server.driver.engine.requestsInFlight).toBe(0);
  await until(() => server.traffic.size === 0);
});

interface Line {
  readonly socket: Socket;
  /** All that has come so far. */
  text: string;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
}

function dial(to: Pick<TestServer, "port"> = server): Line {
  const socket = connect(to.port, "127.0.0.1");
  const line: Line = {
    socket,
    text: "",
    closed: new Promise((resolve) => {
      socket.on("close", () => resolve());
    }),
  };
  socket.on("data", (data) => {
    line.text += data.toString("latin1");
  });
  socket.on("error", () => {});
  return line;
}

function head(lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const POST = ["POST /v1/chat/completions HTTP/1.1", "host: x", "authorization: Bearer sk-acme"];
const JSON_POST = [...POST, "content-type: application/json"];

function requestOf(body: string, extra: readonly string[] = []): string {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return head([...JSON_POST, length, ...extra]) + body;
}

/** Status and error code of the only or first answer. */
function answerOf({ text }: Line): [number, unknown] {
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  return [status, JSON.parse(body).error.code];
}

describe("slow and broken senders", () => {
  test.each([
    ["headers that never end", "POST /v1/chat/completions HTTP/1.1\r\nx-slow: 1\r\n"],
    ["a body that never ends", head([...JSON_POST, "content-length: 100"]) + '{"model":'],
    ["chunks that never end", `${head([...JSON_POST, "transfer-encoding: chunked"])}1\r\n{\r\n`],
  ])("%s: 408", async (_name, text) => {
    const line = dial();
    line.socket.write(text);
    await line.closed;
    expect(answerOf(line)).toEqual([408, "client_timeout"]);
  });

  test("a request that comes byte by byte and too slowly: 408", async () => {
    const line = dial();
    const bytes = Buffer.from(requestOf(JSON.stringify(chat())));
    let at = 0;
    const timer = setInterval(() => line.socket.write(bytes.subarray(at, ++at)), 20);
    await line.closed;
    clearInterval(timer);
    expect(answerOf(line)).toEqual([408, "client_timeout"]);
  });

  test.each([
    ["nonsense", "\u0000\u0001\u0002 nonsense\r\n\r\n", 400],
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n", 400],
    ["two lengths", head([...JSON_POST, "content-length: 2", "content-length: 3"]), 400],
    [
      "a length and chunks",
      head([...JSON_POST, "content-length: 2", "transfer-encoding: chunked"]),
      400,
    ],
    ["a negative length", head([...JSON_POST, "content-length: -1"]), 400],
    ["an absurd length", head([...JSON_POST, `content-length: ${"9".repeat(30)}`]), 400],
    ["a header with a NUL", head([...JSON_POST, "x-a: a\u0000b"]), 400],
    ["a folded header", head([...JSON_POST, "x-a: a\r\n b", "content-length: 2"]), 400],
    ["a bad chunk", `${head([...JSON_POST, "transfer-encoding: chunked"])}zz\r\n`, 400],
    ["large headers", head([...JSON_POST, `x-a: ${"a".repeat(20_000)}`]), 431],
    [
      "many headers",
      head([...JSON_POST, ...Array.from({ length: 3000 }, (_, i) => `x-${i}: 1`)]),
      431,
    ],
  ])("%s", async (_name, text, status) => {
    const line = dial();
    line.socket.write(text, "latin1");
    line.socket.end();
    await line.closed;
    expect(answerOf(line)[0]).toBe(status);
  });

  test("identity comes from the key alone, whatever other headers say", async () => {
    const line = dial();
    const claims = [
      "x-tenant: birch",
      "x-tenantry-tier: gold",
      "x-request-id: mine",
      "connection: close",
    ];
    line.socket.write(requestOf(JSON.stringify(chat({ tenant: "birch", priority: 0 })), claims));
    await line.closed;
    expect(line.text).not.toContain("x-request-id: mine");
    expect(server.ledger.batches.flatMap(({ usage }) => usage).at(-1)!.tenant).toBe("acme");
  });

  test("two keys in two headers are no key", async () => {
    const line = dial();
    const key = "authorization: Bearer sk-elm";
    line.socket.write(
      requestOf(JSON.stringify(chat({ max_tokens: 2 })), [key, "connection: close"]),
    );
    await line.closed;
    // Node keeps the first of them; the second never counts.
    expect(line.text).toMatch(/^HTTP\/1\.1 200 /);
    expect(server.ledger.batches.flatMap(({ usage }) => usage).at(-1)!.tenant).toBe("acme");
  });
});

/** Sends the block over and over, as fast as the server takes it. */
async function pour(line: Line, block: Buffer, times: number): Promise<void> {
  for (let sent = 0; sent < times && !line.socket.destroyed; sent++) {
    if (line.socket.write(block)) continue;
    await Promise.race([once(line.socket, "drain"), line.closed]);
  }
}

describe("large bodies", () => {
  let patient: TestServer;

  beforeAll(async () => {
    patient = await startServer({ overrides: ["serve.maxBody=64KiB"] });
  });

  afterAll(() => patient.close());

  test("100 MB announced: 413, and the connection lives on", async () => {
    const line = dial(patient);
    line.socket.write(head([...JSON_POST, "content-length: 100000000"]));
    await pour(line, Buffer.alloc(1_000_000, "a"), 100);
    await until(() => line.text.includes("\r\n\r\n{"));
    expect(answerOf(line)).toEqual([413, "request_too_large"]);
    line.text = "";
    line.socket.write(requestOf(JSON.stringify(chat({ max_tokens: 2 })), ["connection: close"]));
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("100 MB in chunks: 413", async () => {
    const line = dial(patient);
    line.socket.write(head([...JSON_POST, "transfer-encoding: chunked"]));
    await pour(line, Buffer.from(`f4240\r\n${"a".repeat(1_000_000)}\r\n`), 100);
    line.socket.end("0\r\n\r\n");
    await line.closed;
    expect(answerOf(line)).toEqual([413, "request_too_large"]);
  });

  test("a prompt of 100 MB from a client that reads nothing before all is sent: 413", async () => {
    const { response, text } = await post(patient, "/v1/chat/completions", "a".repeat(100_000_000));
    expect(response.status).toBe(413);
    expect(JSON.parse(text).error.code).toBe("request_too_large");
  });

  test("without a key nothing of a body is waited for", async () => {
    const line = dial(patient);
    line.socket.write(head(["POST /v1/completions HTTP/1.1", "host: x", "content-length: 60000"]));
    await until(() => line.text.includes("\r\n\r\n{"));
    expect(answerOf(line)).toEqual([401, "invalid_api_key"]);
    line.socket.destroy();
    await line.closed;
  });
});

describe("clients that go or do not read", () => {
  test("pipelined requests are all cancelled with their connection", async () => {
    const line = dial();
    const endless = chat({ max_tokens: 100_000, paced_output_tokens: 100_000, stream: true });
    line.socket.write(requestOf(JSON.stringify(endless)).repeat(3));
    await until(() => server.driver.engine.requestsInFlight === 3);
    line.socket.destroy();
    await until(() => server.driver.engine.requestsInFlight === 0);
  });

  test("pipelined requests are answered in order", async () => {
    const line = dial();
    const ask = (tokens: number) =>
      requestOf(JSON.stringify(chat({ max_tokens: tokens, paced_output_tokens: tokens })));
    line.socket.write(ask(400) + ask(2) + requestOf("{}", ["connection: close"]));
    await line.closed;
    const counts = [...line.text.matchAll(/"completion_tokens":(\d+)/g)].map(([, count]) => count);
    expect(counts).toEqual(["400", "2"]);
    expect(line.text).toContain("missing_required_parameter");
  });

  test("a client that half-closes after its request counts as gone", async () => {
    const line = dial();
    const endless = chat({ max_tokens: 100_000, paced_output_tokens: 100_000 });
    line.socket.write(requestOf(JSON.stringify(endless)));
    await until(() => server.driver.engine.requestsInFlight === 1);
    line.socket.end();
    await until(() => server.driver.engine.requestsInFlight === 0);
  });

  test("a reader that takes nothing is given up", async () => {
    // Tokens come by the million a second: more than the kernel takes for a reader that sleeps.
    const impatient = await startServer({
      scenario: TORRENT,
      http: { slowReaders: { maxBufferedBytes: 4096, maxStallMs: 300 } },
    });
    const line = dial(impatient);
    line.socket.pause();
    const body = { model: "tiny", prompt: "x", stream: true, n: 16, max_tokens: 4_000_000 };
    const text = JSON.stringify({ ...body, paced_output_tokens: 4_000_000 });
    line.socket.write(requestOf(text).replace("chat/completions", "completions"));
    await until(() => impatient.driver.engine.requestsInFlight === 16);
    await until(() => impatient.driver.engine.requestsInFlight === 0);
    await until(() => impatient.traffic.size === 0);
    const ended = impatient.ledger.batches.flatMap(({ usage }) => usage);
    expect(ended.map(({ outcome }) => outcome)).toEqual(Array(16).fill("cancelled"));
    line.socket.destroy();
    await impatient.close();
  });
});
