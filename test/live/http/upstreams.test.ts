/** What an upstream server says, as it reaches a client of ours: its own choices, its embeddings, its refusals and its end. */
import { connect } from "node:net";
import OpenAI from "openai";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OpenAiBackend } from "../../../src/live/backends/openai/openai-backend.ts";
import { TokenCounter } from "../../../src/live/token-count.ts";
import { FakeUpstream } from "../../support/fake-upstream.ts";
import { MODEL, SCENARIO, type TestServer, chat, post, startServer, until } from "./support.ts";

let upstream: FakeUpstream;
let server: TestServer;

beforeEach(async () => {
  upstream = await FakeUpstream.start();
  const one = [{ url: upstream.url, model: "served-model" }];
  server = await startServer({
    scenario: { ...SCENARIO, serve: { backend: "openai", upstreams: { shared: one, own: one } } },
    backend: ({ platform, serve }) =>
      new OpenAiBackend({
        platform,
        upstreams: serve.upstreams,
        counters: platform.pools.map(() => new TokenCounter()),
        environment: {},
        timing: { probeEveryMs: 50, reviveMs: 10 },
      }),
  });
});

afterEach(async () => {
  expect(server.driver.engine.requestsInFlight).toBe(0);
  await server.close();
  await upstream.kill();
});

/** The chunks of a stream, without its end. */
function chunksOf(text: string) {
  const events = text.trimEnd().split("\n\n");
  expect(events.at(-1)).toBe("data: [DONE]");
  return events.slice(0, -1).map((event) => JSON.parse(event.slice(6)));
}

test("a stream's choices pass under our model, our ids and their own index, finished once", async () => {
  upstream.behave = () => ({ texts: ["Hel", "lo"], role: true });
  const body = chat({ stream: true, n: 2, stream_options: { include_usage: true } });
  const { text } = await post(server, "/v1/chat/completions", body);
  const chunks = chunksOf(text);
  expect(new Set(chunks.map(({ model }) => model))).toEqual(new Set([MODEL]));
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  for (const index of [0, 1]) {
    const choices = chunks.flatMap(({ choices: all }) => all).filter((one) => one.index === index);
    expect(choices.map(({ delta }) => delta.content ?? "").join("")).toBe("Hello");
    expect(choices.filter((one) => one.finish_reason !== null)).toHaveLength(1);
  }
  expect(chunks.at(-1).choices).toEqual([]);
  expect(chunks.at(-1).usage.completion_tokens).toBeGreaterThan(0);
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
});

test("tools come whole to a client that does not stream", async () => {
  const start =
    '{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"c1","type":"function",';
  const chunks = [
    `${start}"function":{"name":"add","arguments":"{\\"a\\""}}]},"finish_reason":null}`,
    '{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":null}',
    '{"index":0,"delta":{},"finish_reason":"tool_calls"}',
  ];
  upstream.behave = () => ({
    raw: [...chunks.map((choice) => `data: {"choices":[${choice}]}\n\n`), "data: [DONE]\n\n"],
  });
  const client = new OpenAI({ apiKey: "sk-acme", baseURL: `${server.url}/v1` });
  const tools = [{ type: "function" as const, function: { name: "add" } }];
  const messages = [{ role: "user" as const, content: "1" }];
  const { choices } = await client.chat.completions.create({ model: MODEL, messages, tools });
  expect(choices[0]).toMatchObject({
    index: 0,
    finish_reason: "tool_calls",
    message: { tool_calls: [{ id: "c1", function: { name: "add", arguments: '{"a":1}' } }] },
  });
  expect(upstream.generations[0]!.body.tools).toEqual(tools);
});

test("embeddings", async () => {
  const client = new OpenAI({ apiKey: "sk-acme", baseURL: `${server.url}/v1` });
  const { data, model, usage } = await client.embeddings.create({
    model: MODEL,
    input: ["x"],
    encoding_format: "float",
  });
  expect(data[0]!.embedding).toEqual([0.25, -1]);
  expect(model).toBe(MODEL);
  expect(usage.prompt_tokens).toBe(7);
  const { response, text } = await post(server, "/v1/embeddings", { model: MODEL, input: "" });
  expect(response.status).toBe(400);
  expect(JSON.parse(text).error.param).toBe("input");
});

test("a refusal keeps its status and its words, without the server's address", async () => {
  const message = `logit_bias is not for you, says ${upstream.url}`;
  upstream.behave = () => ({ status: 422, body: { error: { message } } });
  const { response, text } = await post(server, "/v1/chat/completions", chat({ stream: true }));
  expect(response.status).toBe(422);
  expect(JSON.parse(text)).toEqual({
    error: {
      message: "logit_bias is not for you, says (address)",
      type: "invalid_request_error",
      param: null,
      code: "invalid_request",
    },
  });
});

test("a stream that breaks off ends in an error, and never as if it were complete", async () => {
  const chunk = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n';
  const error = 'data: {"error":{"message":"engine died"}}\n\n';
  upstream.behave = () => ({ raw: [chunk, chunk, error] });
  const { response, text } = await post(server, "/v1/chat/completions", chat({ stream: true }));
  expect(response.status).toBe(200);
  const last = text.trimEnd().split("\n\n").at(-1)!;
  expect(text.match(/"content":"a"/g)).toHaveLength(2);
  expect(text).not.toContain("engine died");
  expect(JSON.parse(last.slice(6)).error).toMatchObject({ type: "server_error", param: null });
  expect(text).not.toContain("[DONE]");
});

test("a reader who pauses, and the upstream with it, misses nothing of 20 MB", async () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => `${index} ${"x".repeat(1000)} `);
  upstream.behave = () => ({ texts });
  const socket = connect(server.port, "127.0.0.1");
  const body = JSON.stringify(chat({ stream: true, max_tokens: 20_000 }));
  let received = "";
  socket.on("data", (data) => {
    received += data.toString("latin1");
  });
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.pause();
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-acme\r\nconnection: close\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => server.driver.engine.tenants[0]!.quota.leases === 1);
  socket.resume();
  await closed;
  const numbers = [...received.matchAll(/"content":"(\d+) x/g)].map(([, number]) => Number(number));
  expect(numbers).toEqual([...texts.keys()]);
  expect(received).toContain("[DONE]");
});
