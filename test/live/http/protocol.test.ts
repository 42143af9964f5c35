/** What leaves the server, to the byte where clients depend on it: bodies, chunks, headers, errors. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { words } from "../../../src/live/backends/words.ts";
import { MODEL, type TestServer, chat, errorOf, post, startServer } from "./support.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server.close());

/** Names of the models that a key may use. */
async function modelsOf(key: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(`${server.url}/v1/models`, { headers });
  const { data }: { data: { id: string }[] } = JSON.parse(await response.text());
  return data.map(({ id }) => id);
}

/** A request of any kind, and the error that it meets. */
async function refused(path: string, init: RequestInit, extra: object = {}) {
  const headers = { authorization: "Bearer sk-acme", ...extra };
  const response = await fetch(server.url + path, { ...init, headers });
  return { response, error: errorOf(await response.text()) };
}

async function modelNamed(name: string): Promise<{ status: number; text: string }> {
  const headers = { authorization: "Bearer sk-acme" };
  const response = await fetch(`${server.url}/v1/models/${name}`, { headers });
  return { status: response.status, text: await response.text() };
}

describe("answers", () => {
  test("a whole chat completion", async () => {
    const body = chat({ paced_output_tokens: 5 });
    const { response, text } = await post(server, "/v1/chat/completions", body);
    const id = response.headers.get("x-request-id");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("x-tenantry-tier")).toBe("gold");
    expect(JSON.parse(text)).toEqual({
      id: `chatcmpl-${id}`,
      object: "chat.completion",
      created: expect.closeTo(Date.now() / 1000, -2),
      model: MODEL,
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: expect.any(String), refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 4,
        completion_tokens: 5,
        total_tokens: 9,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    });
  });

  test("the bytes of a stream with usage", async () => {
    const body = {
      model: MODEL,
      prompt: "Go on",
      stream: true,
      max_tokens: 1,
      stream_options: { include_usage: true },
    };
    const { response, text } = await post(server, "/v1/completions", body);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const id = `cmpl-${response.headers.get("x-request-id")}`;
    const { created, choices } = JSON.parse(text.split("\n")[0]!.slice(6));
    const head = `data: {"id":"${id}","object":"text_completion","created":${created},"model":"${MODEL}","choices":[`;
    const word = JSON.stringify(choices[0].text);
    expect(text).toBe(
      `${head}{"index":0,"text":${word},"logprobs":null,"finish_reason":null}],"usage":null}\n\n` +
        `${head}{"index":0,"text":"","logprobs":null,"finish_reason":"length"}],"usage":null}\n\n` +
        `${head}],"usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":0}}}\n\n` +
        "data: [DONE]\n\n",
    );
  });

  test("a stream says with every chunk what its choice has used so far, where that is asked for", async () => {
    const options = { include_usage: true, continuous_usage_stats: true };
    for (const path of ["/v1/chat/completions", "/v1/completions"]) {
      const asked = { n: 2, stream: true, max_tokens: 40, stream_options: options };
      const body = { ...chat(asked), prompt: "Go on", paced_output_tokens: 40 };
      const { text } = await post(server, path, body);
      const events = text.split("\n\n").slice(0, -2);
      const chunks = events.map((event) => JSON.parse(event.slice(6)));
      const last = chunks.pop();
      expect(last.choices).toEqual([]);
      for (const index of [0, 1]) {
        let given = "";
        const own = chunks.filter(({ choices }) => choices[0].index === index);
        for (const { choices, usage } of own) {
          given += choices[0].text ?? choices[0].delta.content ?? "";
          expect(usage.completion_tokens).toBe(given.match(/\w+/g)?.length ?? 0);
          expect(usage.prompt_tokens).toBe(last.usage.prompt_tokens / 2);
          expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
        }
        expect(own.at(-1).choices[0].finish_reason).toBe("length");
        expect(own.at(-1).usage.completion_tokens).toBe(40);
      }
      expect(last.usage.completion_tokens).toBe(80);
    }
    const only = chat({ stream: true, stream_options: { continuous_usage_stats: true } });
    const { text } = await post(server, "/v1/chat/completions", only);
    expect(text).not.toContain("usage");
  });

  test("a chat stream begins with its role, and has no usage unless asked", async () => {
    const body = chat({ stream: true, max_tokens: 3 });
    const { text } = await post(server, "/v1/chat/completions", body);
    const events = text.split("\n\n");
    expect(events.slice(-2)).toEqual(["data: [DONE]", ""]);
    const chunks = events.slice(0, -2).map((event) => JSON.parse(event.slice(6)));
    expect(chunks[0].choices[0].delta).toEqual({ role: "assistant", content: "" });
    expect(chunks.at(-1).choices[0]).toEqual({
      index: 0,
      delta: {},
      logprobs: null,
      finish_reason: "length",
    });
    expect(text).not.toContain("usage");
  });

  test("n choices of several prompts come under their indices", async () => {
    const body = { model: MODEL, prompt: ["one", "two"], n: 3, max_tokens: 2 };
    const { text } = await post(server, "/v1/completions", body);
    const { choices, usage } = JSON.parse(text);
    expect(choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 12 });
  });

  test("stop strings cut the text, also across chunks, and end the work", async () => {
    const asked = { paced_output_tokens: 2000, max_tokens: 3000 };
    const whole = await post(server, "/v1/chat/completions", chat({ paced_output_tokens: 60 }));
    expect(JSON.parse(whole.text).usage.completion_tokens).toBe(60);
    const body = chat({ ...asked, stream: true, stop: [". ", "never said"] });
    const { text } = await post(server, "/v1/chat/completions", body);
    const events = text.split("\n\n").slice(0, -2);
    const choices = events.map((event) => JSON.parse(event.slice(6)).choices[0]);
    const said = choices.map(({ delta }) => delta.content ?? "").join("");
    expect(said).not.toContain(".");
    expect(said.split(" ")).toHaveLength(12);
    expect(choices.at(-1).finish_reason).toBe("stop");
    const used = server.ledger.batches.flatMap(({ usage }) => usage).at(-1)!;
    expect(used.outcome).toBe("cancelled");
    expect(used.outputTokens).toBeLessThan(2000);
  });

  test("a stop string cuts a whole answer too", async () => {
    const body = chat({ paced_output_tokens: 40, stop: ". " });
    const { text } = await post(server, "/v1/chat/completions", body);
    const [choice] = JSON.parse(text).choices;
    expect(choice.message.content.split(" ")).toHaveLength(12);
    expect(choice.finish_reason).toBe("stop");
  });

  test("a stop string that never comes takes nothing away", async () => {
    const body = { model: MODEL, prompt: "x", max_tokens: 30, stop: ["zzz"], stream: true };
    const { text } = await post(server, "/v1/completions", body);
    const events = text.split("\n\n").slice(0, -2);
    const said = events.map((event) => JSON.parse(event.slice(6)).choices[0].text).join("");
    const all = Array.from({ length: 300 }, (_, seed) => words(seed, 0, 20));
    expect(all).toContain(said);
  });
});

describe("models", () => {
  test("a tenant sees its own and nothing else", async () => {
    expect(await modelsOf("sk-acme")).toEqual([MODEL, "acme-tuned"]);
    expect(await modelsOf("sk-birch")).toEqual([MODEL, "birch-tuned"]);
    expect(await modelsOf("sk-elm")).toEqual([MODEL]);
  });

  test("one by its name; another tenant's is as unknown as nobody's", async () => {
    expect(JSON.parse((await modelNamed("acme-tuned")).text)).toEqual({
      id: "acme-tuned",
      object: "model",
      created: 1_700_000_000,
      owned_by: "tenantry",
      is_adapter: true,
    });
    const others = await modelNamed("birch-tuned");
    const nobodys = await modelNamed("grove-tuned");
    expect(others.status).toBe(404);
    expect(others.text.replace("birch", "grove")).toBe(nobodys.text);
    expect((await modelNamed("org/with/slashes")).status).toBe(404);
  });

  test("an adapter runs on the tenant's own pool; another's is not found", async () => {
    const { text } = await post(server, "/v1/chat/completions", chat({ model: "acme-tuned" }));
    expect(JSON.parse(text).model).toBe("acme-tuned");
    const used = server.ledger.batches.flatMap(({ usage }) => usage).at(-1)!;
    expect(used).toMatchObject({ tenant: "acme", pool: "own", adapter: "acme-tuned" });
    const other = await post(server, "/v1/chat/completions", chat({ model: "birch-tuned" }));
    expect(other.response.status).toBe(404);
    expect(errorOf(other.text)).toMatchObject({ code: "model_not_found", param: "model" });
  });
});

describe("errors", () => {
  test("a key that is missing, garbled, unknown, expired or revoked gets the same answer", async () => {
    const answers = new Set<string>();
    for (const authorization of [
      undefined,
      "",
      "Bearer",
      "Bearer sk-nobody",
      "Bearer sk-expired",
      "Bearer sk-revoked",
      "Basic c2stYWNtZQ==",
      "Bearer sk-acme sk-acme",
      `Bearer ${"x".repeat(5000)}`,
      "Bearer \u00ff\u00fe",
    ]) {
      const response = await fetch(`${server.url}/v1/chat/completions`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(authorization !== undefined && { authorization }),
        },
        body: JSON.stringify(chat()),
      });
      expect(response.status, String(authorization)).toBe(401);
      answers.add(await response.text());
    }
    expect(answers.size).toBe(1);
    expect(errorOf([...answers][0]!)).toMatchObject({
      type: "invalid_request_error",
      code: "invalid_api_key",
    });
  });

  test.each([
    ["sk-suspended", 403, "account_suspended"],
    ["sk-gone", 403, "account_suspended"],
    ["sk-admin", 403, "key_not_allowed"],
  ])("%s: %d %s", async (key, status, code) => {
    const { response, text } = await post(server, "/v1/completions", {}, key);
    expect(response.status).toBe(status);
    expect(errorOf(text)["code"]).toBe(code);
  });

  const messages = [{ role: "user", content: "x" }];
  test.each([
    [{ messages }, "model", "missing_required_parameter"],
    [{ model: "", messages }, "model", "invalid_value"],
    [{ model: 5, messages }, "model", "invalid_type"],
    [{ model: MODEL }, "messages", "missing_required_parameter"],
    [{ model: MODEL, messages: [] }, "messages", "invalid_value"],
    [{ model: MODEL, messages: "hi" }, "messages", "invalid_type"],
    [{ model: MODEL, messages: [1] }, "messages[0]", "invalid_type"],
    [{ model: MODEL, messages: [{ content: "x" }] }, "messages[0].role", "invalid_type"],
    [
      { model: MODEL, messages: [...messages, { role: "user", content: 5 }] },
      "messages[1].content",
      "invalid_type",
    ],
    [chat({ n: 0 }), "n", "invalid_value"],
    [chat({ n: 17 }), "n", "invalid_value"],
    [chat({ n: "2" }), "n", "invalid_type"],
    [chat({ stream: "yes" }), "stream", "invalid_type"],
    [chat({ stream_options: { include_usage: 1 } }), "stream_options", "invalid_type"],
    [chat({ stream_options: { continuous_usage_stats: "yes" } }), "stream_options", "invalid_type"],
    [chat({ max_tokens: 0 }), "max_tokens", "invalid_value"],
    [chat({ max_tokens: 1e308 }), "max_tokens", "invalid_value"],
    [chat({ max_completion_tokens: 1.5 }), "max_completion_tokens", "invalid_value"],
    [chat({ stop: ["a", ""] }), "stop", "invalid_value"],
    [chat({ stop: [1] }), "stop", "invalid_type"],
    [chat({ temperature: 3 }), "temperature", "invalid_value"],
    [chat({ tools: {} }), "tools", "invalid_type"],
    [chat({ response_format: "json" }), "response_format", "invalid_type"],
    [chat({ max_tokens: 1_000_000 }), null, "context_length_exceeded"],
    [[], null, "invalid_type"],
  ])("400: %j", async (body, param, code) => {
    const { response, text } = await post(server, "/v1/chat/completions", body);
    expect(response.status).toBe(400);
    expect(errorOf(text)).toMatchObject({ param, code, type: "invalid_request_error" });
  });

  test.each([
    [{ model: MODEL, prompt: "x", best_of: 4 }, "best_of", "invalid_value"],
    [{ model: MODEL, prompt: [] }, "prompt", "invalid_value"],
    [{ model: MODEL, prompt: ["x", 1] }, "prompt", "invalid_type"],
    [{ model: MODEL, prompt: [-1] }, "prompt", "invalid_type"],
    [{ model: MODEL, prompt: ["a", "b", "c"], n: 6 }, "prompt", "invalid_value"],
  ])("400: %j", async (body, param, code) => {
    const { response, text } = await post(server, "/v1/completions", body);
    expect(response.status).toBe(400);
    expect(errorOf(text)).toMatchObject({ param, code });
  });

  test.each([
    ["{", "invalid_json"],
    ["", "invalid_json"],
    ['{"model":"\u0000"}', "invalid_json"],
    [`${"[".repeat(200)}${"]".repeat(200)}`, "invalid_json"],
    [`{"a":${'{"a":'.repeat(100_000)}`, "invalid_json"],
    ["null", "invalid_type"],
    ["17", "invalid_type"],
  ])("a body of %.20s", async (body, code) => {
    const { response, text } = await post(server, "/v1/chat/completions", body);
    expect(response.status).toBe(400);
    expect(errorOf(text)["code"]).toBe(code);
  });

  test("brackets inside strings are no depth", async () => {
    const content = '[{"\\'.repeat(500);
    const { response } = await post(server, "/v1/chat/completions", {
      model: MODEL,
      messages: [{ role: "user", content }],
    });
    expect(response.status).toBe(200);
  });

  test("invalid UTF-8, another content type, another method, another URL", async () => {
    const json = { "content-type": "application/json" };
    const path = "/v1/chat/completions";
    const garbled = new Uint8Array([...Buffer.from('{"model":"'), 0xff, 0xfe, 0x22, 0x7d]);
    const utf8 = await refused(path, { method: "POST", body: garbled }, json);
    expect([utf8.response.status, utf8.error["code"]]).toEqual([400, "invalid_json"]);
    expect(utf8.error["message"]).toContain("UTF-8");
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const media = await refused(path, { method: "POST", body: "a=b" }, form);
    expect([media.response.status, media.error["code"]]).toEqual([415, "unsupported_media_type"]);
    for (const headers of [
      { ...json, "content-encoding": "gzip" },
      { "content-type": "application/json; charset=latin1" },
    ]) {
      const packed = await refused(path, { method: "POST", body: "{}" }, headers);
      expect([packed.response.status, packed.error["code"]]).toEqual([
        415,
        "unsupported_media_type",
      ]);
    }
    const method = await refused(path, { method: "GET" });
    expect([method.response.status, method.error["code"]]).toEqual([405, "method_not_allowed"]);
    expect(method.response.headers.get("allow")).toBe("POST");
    const url = await refused("/v1/chat", { method: "POST", body: "{}" }, json);
    expect([url.response.status, url.error["code"]]).toEqual([404, "unknown_url"]);
    const escape = await refused("/v1/models/%ff", { method: "GET" });
    expect([escape.response.status, escape.error["code"]]).toEqual([400, "invalid_url"]);
    expect(escape.response.headers.get("x-request-id")).toMatch(/^r/);
  });
});
