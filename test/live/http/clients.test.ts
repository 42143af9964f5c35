/** The official OpenAI client and the Vercel AI SDK, unmodified, against the server. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import OpenAI, { APIError, AuthenticationError, NotFoundError, RateLimitError } from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MODEL, type TestServer, startServer, until } from "./support.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startServer();
});

afterEach(() => server.close());

function openai(apiKey = "sk-acme"): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${server.url}/v1` });
}

const messages = [{ role: "user" as const, content: "Say something." }];

function ask(client: OpenAI, model = MODEL) {
  return client.chat.completions.create({ model, messages, max_tokens: 200 });
}

/** A stream that will not end by itself: the length of paced answers is a field that OpenAI's types do not know. */
function endlessStream() {
  const knob = { paced_output_tokens: 100_000 };
  return openai().chat.completions.create({
    model: MODEL,
    messages,
    stream: true,
    max_tokens: 100_000,
    ...knob,
  });
}

/** The AI SDK's provider. */
function provider(apiKey = "sk-acme") {
  return createOpenAICompatible({
    name: "tenantry",
    baseURL: `${server.url}/v1`,
    apiKey,
    includeUsage: true,
  });
}

describe("openai", () => {
  test("chat, whole", async () => {
    const { data, request_id: id } = await openai()
      .chat.completions.create({ model: MODEL, messages, max_tokens: 7, n: 2 })
      .withResponse();
    expect(data.choices.map(({ finish_reason }) => finish_reason)).toEqual(["length", "length"]);
    expect(data.choices[0]!.message.content!.split(" ")).toHaveLength(7);
    expect(data.usage).toMatchObject({ prompt_tokens: 8, completion_tokens: 14 });
    expect(data.id).toBe(`chatcmpl-${id}`);
  });

  test("chat, streamed with its helper", async () => {
    const stream = openai().chat.completions.stream({
      model: MODEL,
      messages,
      max_tokens: 9,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]!.message.role).toBe("assistant");
    expect(completion.choices[0]!.message.content!.split(" ")).toHaveLength(9);
    expect(completion.usage?.completion_tokens).toBe(9);
  });

  test("completions, both ways", async () => {
    const asked = { model: MODEL, prompt: "Go on", max_tokens: 4 };
    const whole = await openai().completions.create(asked);
    expect(whole.choices[0]!.text.split(" ")).toHaveLength(4);
    let text = "";
    for await (const chunk of await openai().completions.create({ ...asked, stream: true })) {
      text += chunk.choices[0]!.text;
    }
    expect(text.split(" ")).toHaveLength(4);
  });

  test("models", async () => {
    const names: string[] = [];
    for await (const { id } of openai().models.list()) names.push(id);
    expect(names).toEqual([MODEL, "acme-tuned"]);
    expect(await openai().models.retrieve(MODEL)).toMatchObject({ owned_by: "tenantry" });
    await expect(openai().models.retrieve("org/model")).rejects.toThrow(NotFoundError);
  });

  test("errors are of the client's own kinds, and none of these is tried twice", async () => {
    await expect(ask(openai("sk-nobody"))).rejects.toThrow(AuthenticationError);
    await expect(ask(openai(), "birch-tuned")).rejects.toThrow(NotFoundError);
    const refused: unknown = await ask(openai("sk-cedar")).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ status: 429, code: "insufficient_quota" });
    expect(server.seen).toHaveLength(3);
  });

  test("a rate limit is tried again after exactly the time told", async () => {
    const client = openai("sk-birch");
    await ask(client);
    await ask(client);
    // What it waits where a server tells it no time: not asked for here.
    let guesses = 0;
    Object.assign(client, { calculateDefaultRetryTimeoutMillis: () => (guesses += 1) });
    await ask(client);
    expect(guesses).toBe(0);
    expect(server.seen).toHaveLength(4);
    expect(server.ledger.batches.flatMap(({ usage }) => usage)).toHaveLength(3);
  });

  test("a stream broken off in the middle is cancelled", async () => {
    const stream = await endlessStream();
    let count = 0;
    for await (const { object } of stream) {
      expect(object).toBe("chat.completion.chunk");
      count += 1;
      if (count === 3) stream.controller.abort();
    }
    await until(() => server.ledger.batches.some(({ usage }) => usage.length > 0));
    expect(server.ledger.batches.flatMap(({ usage }) => usage)).toMatchObject([
      { tenant: "acme", outcome: "cancelled" },
    ]);
    expect(server.driver.engine.requestsInFlight).toBe(0);
    await until(() => server.traffic.size === 0);
  });

  test("an error in mid-stream reaches the caller", async () => {
    const stream = await endlessStream();
    const read = async () => {
      for await (const { id } of stream) if (id !== "") server.traffic.cutOffAll();
    };
    await expect(read()).rejects.toThrow(APIError);
  });
});

describe("AI SDK", () => {
  test("text, whole", async () => {
    const { text, usage, finishReason } = await generateText({
      model: provider()(MODEL),
      prompt: "Say something.",
      maxOutputTokens: 6,
    });
    expect(text.split(" ")).toHaveLength(6);
    expect(usage.outputTokens).toBe(6);
    expect(finishReason).toBe("length");
  });

  test("text, streamed", async () => {
    const result = streamText({
      model: provider()("acme-tuned"),
      prompt: "Say something.",
      maxOutputTokens: 11,
    });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text.split(" ")).toHaveLength(11);
    expect((await result.usage).outputTokens).toBe(11);
  });

  test("errors carry our words", async () => {
    const asked = { prompt: "x", maxRetries: 0 };
    await expect(generateText({ model: provider()("nope"), ...asked })).rejects.toThrow(
      "The model 'nope' does not exist or you do not have access to it.",
    );
    await expect(generateText({ model: provider("sk-no")(MODEL), ...asked })).rejects.toThrow(
      "Incorrect API key",
    );
  });
});
