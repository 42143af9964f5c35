/** Requests that go well: what upstreams are asked, what clients get, what is billed. */
import { describe, expect, test } from "vitest";
import { Client, createWorld } from "./world.ts";

describe("streams", () => {
  test("passes the upstream's choices on, and bills as the upstream counted", async () => {
    const world = await createWorld();
    const client = world.submit(new Client());
    const { outcome, request } = await client.ending;
    expect(outcome).toBe("completed");
    expect(client.text).toBe(" w0 w1 w2 w3");
    expect(client.finishReason).toBe("length");
    expect(request.outputTokens).toBe(4);
    // The estimate was 10; the fake upstream counts 11.
    expect(request.promptTokens).toBe(11);
    expect(Number.isNaN(request.firstTokenNs)).toBe(false);
    const tokens = world.charges.filter(({ kind }) => kind !== "gpu");
    expect(tokens.map(({ kind, quantity, isEstimate }) => [kind, quantity, isEstimate])).toEqual([
      ["input", 11, false],
      ["output", 4, false],
    ]);
    expect(world.charges.find(({ kind }) => kind === "gpu")?.isEstimate).toBe(true);
    await world.until(() => world.driver.engine.requestsInFlight === 0);
  });

  test("asks in our words: model, stream, usage, n and the longest output are ours", async () => {
    const world = await createWorld({
      environment: { KEY: "secret" },
      upstream: { keyVariable: "KEY" },
    });
    const body = {
      n: 3,
      stream: false,
      temperature: 0.5,
      tools: [{ type: "function", function: { name: "f" } }],
      priority: -100,
      cache_salt: "mine",
      user: "someone-else",
      lora_path: "others/adapter",
      stream_options: { include_usage: false },
      max_tokens: 9999,
    };
    await world.submit(new Client({ body })).ending;
    const [sent] = world.servers[0]!.generations;
    expect(sent!.path).toBe("/v1/chat/completions");
    expect(sent!.headers.authorization).toBe("Bearer secret");
    expect(sent!.headers["x-request-id"]).toMatch(/^req-/u);
    expect(sent!.body).toEqual({
      model: "served-model",
      messages: [{ role: "user", content: "Hi" }],
      temperature: 0.5,
      tools: body.tools,
      stream: true,
      stream_options: { include_usage: true },
      n: 1,
      max_tokens: 4,
    });
  });

  test("gives each engine its priority in its direction, and vLLM a salt per tenant, or one where they share", async () => {
    const sent: Record<string, unknown>[] = [];
    for (const engine of ["vllm", "sglang", "other"]) {
      const world = await createWorld({ upstream: { engine } });
      for (const tenant of [0, 1, 0]) await world.submit(new Client({ tenant })).ending;
      sent.push(...world.servers[0]!.generations.map(({ body }) => body));
    }
    // Tiers: gold, silver, bronze; acme is silver, bravo is bronze.
    expect(sent.map(({ priority }) => priority)).toEqual(
      [
        [1, 2, 1],
        [1, 0, 1],
        [undefined, undefined, undefined],
      ].flat(),
    );
    const [acme, bravo, again] = sent.map(({ cache_salt: salt }) => salt);
    expect(acme).toMatch(/^[\w-]{43}$/u);
    expect(again).toBe(acme);
    expect(bravo).not.toBe(acme);
    expect(sent.slice(3).every((body) => !("cache_salt" in body))).toBe(true);
    const pool = { prefixSharing: "pool" };
    const sharing = await createWorld({ upstream: { engine: "vllm" }, pool });
    for (const tenant of [0, 1]) await sharing.submit(new Client({ tenant })).ending;
    const salts = sharing.servers[0]!.generations.map(({ body }) => body["cache_salt"]);
    expect(new Set(salts).size).toBe(1);
  });

  test("a vLLM without priority scheduling is asked again without, once and for all", async () => {
    const world = await createWorld({ upstream: { engine: "vllm" } });
    world.servers[0]!.behave = ({ body }) =>
      body.priority === undefined
        ? {}
        : {
            status: 400,
            body: { error: { message: "Got priority 1 but Priority scheduling is not enabled." } },
          };
    for (let count = 0; count < 2; count++) {
      const { outcome } = await world.submit(new Client()).ending;
      expect(outcome).toBe("completed");
    }
    expect(world.servers[0]!.generations.map(({ body }) => body.priority)).toEqual([
      1,
      undefined,
      undefined,
    ]);
  });

  test("takes the model from the scenario, the pool's where it is listed, or the first that is no adapter", async () => {
    const models = [
      { id: "a-lora", parent: "base" },
      { id: "base", parent: null },
      { id: "llama-3.1-8b" },
    ];
    const seen: string[] = [];
    for (const [upstream, listed] of [
      [{ model: "mine" }, models],
      [{}, models],
      [{}, models.slice(0, 2)],
    ] as const) {
      const world = await createWorld({ upstream });
      world.servers[0]!.models = listed;
      await world.submit(new Client()).ending;
      seen.push(world.servers[0]!.generations[0]!.body.model);
    }
    expect(seen).toEqual(["mine", "llama-3.1-8b", "base"]);
  });

  test("counts by itself where the upstream says nothing, or what cannot be", async () => {
    const texts = ["one", " two", " three"];
    for (const usage of ["none", { completion_tokens: 0 }, { completion_tokens: 5000 }] as const) {
      const world = await createWorld();
      world.servers[0]!.behave = () => ({ texts, usage });
      const client = world.submit(new Client());
      const { request } = await client.ending;
      expect(request.outputTokens).toBe(3);
      expect(client.isEstimate).toBe(true);
      const output = world.charges.find(({ kind }) => kind === "output");
      expect(output).toMatchObject({ quantity: 3, isEstimate: true });
    }
  });

  test("vLLM counts as it goes, and is believed when the client leaves", async () => {
    const world = await createWorld({ upstream: { engine: "vllm" } });
    const { promise: forever, resolve: release } = Promise.withResolvers<void>();
    // Two tokens in a chunk, as with speculative decoding.
    world.servers[0]!.behave = () => ({
      raw: [
        event({ delta: { content: "a b" } }, { prompt_tokens: 9, completion_tokens: 2 }),
        event({ delta: { content: " c d" } }, { prompt_tokens: 9, completion_tokens: 4 }),
      ],
      until: forever,
    });
    const client = world.submit(new Client({ maxOutputTokens: 100 }));
    await world.until(() => client.text === "a b c d");
    world.driver.cancel(client);
    const { outcome, request } = await client.ending;
    expect(outcome).toBe("cancelled");
    expect([request.promptTokens, request.outputTokens]).toEqual([9, 4]);
    expect(client.isEstimate).toBe(false);
    expect(world.servers[0]!.generations[0]!.body.stream_options).toEqual({
      include_usage: true,
      continuous_usage_stats: true,
    });
    release();
  });

  test("cached prompt tokens are billed as such", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = () => ({ usage: { prompt_tokens_details: { cached_tokens: 8 } } });
    await world.submit(new Client()).ending;
    const billed = Object.fromEntries(world.charges.map(({ kind, quantity }) => [kind, quantity]));
    expect(billed).toMatchObject({ input: 3, "cached-input": 8, output: 4 });
  });

  test("a slow reader holds the upstream up, and loses nothing", async () => {
    const world = await createWorld();
    const texts = Array.from({ length: 300 }, (_, index) => ` ${index} ${"x".repeat(10_000)}`);
    world.servers[0]!.behave = () => ({ texts, usage: { completion_tokens: 300 } });
    const client = new Client({ maxOutputTokens: 300 });
    client.isFull = true;
    world.submit(client);
    let resumes = 0;
    for (;;) {
      await world.until(() => client.resume !== undefined || client.finishReason !== undefined);
      const { resume } = client;
      if (resume === undefined) break;
      resumes += 1;
      client.resume = undefined;
      // It takes what one read brought, and then nothing until it says so.
      const before = client.pieces.length;
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(client.pieces.length).toBe(before);
      resume();
    }
    const { outcome } = await client.ending;
    expect(outcome).toBe("completed");
    expect(client.text).toBe(texts.join(""));
    expect(resumes).toBeGreaterThan(10);
  });
});

describe("without a stream", () => {
  test("chat: the chunks are put together into one choice", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = () => ({
      raw: [
        event({ delta: { role: "assistant", content: "" } }),
        event({ delta: { reasoning_content: "Hm" }, logprobs: logprob("Hm") }),
        event({ delta: { reasoning_content: "." }, logprobs: logprob(".") }),
        call(0, { id: "c0", type: "function", function: { name: "f", arguments: "" } }),
        call(0, { function: { arguments: '{"a"' } }),
        call(0, { function: { arguments: ":1}" } }),
        call(1, { id: "c1", type: "function", function: { name: "g", arguments: "{}" } }),
        event({ delta: {}, finish_reason: "tool_calls", stop_reason: 7 }),
        'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":6}}\n\n',
        "data: [DONE]\n\n",
      ],
    });
    const client = world.submit(new Client({ isStreaming: false, maxOutputTokens: 20 }));
    await client.ending;
    expect(client.finishReason).toBe("tool_calls");
    expect(client.pieces).toEqual([
      {
        kind: "choice",
        choice: {
          index: 0,
          finish_reason: "tool_calls",
          stop_reason: 7,
          logprobs: {
            content: [
              { token: "Hm", logprob: -1 },
              { token: ".", logprob: -1 },
            ],
          },
          message: {
            role: "assistant",
            content: "",
            reasoning_content: "Hm.",
            tool_calls: [
              { id: "c0", type: "function", function: { name: "f", arguments: '{"a":1}' } },
              { id: "c1", type: "function", function: { name: "g", arguments: "{}" } },
            ],
          },
        },
      },
    ]);
  });

  test("completions", async () => {
    const world = await createWorld();
    const options = {
      endpoint: "completion",
      body: { prompt: "Say" },
      isStreaming: false,
    } as const;
    const client = world.submit(new Client(options));
    await client.ending;
    expect(world.servers[0]!.generations[0]!.path).toBe("/v1/completions");
    expect(client.pieces).toEqual([
      {
        kind: "choice",
        choice: { index: 0, text: " w0 w1 w2 w3", logprobs: null, finish_reason: "length" },
      },
    ]);
  });

  test("a server that does not stream is understood, whether or not the client streams", async () => {
    const world = await createWorld();
    const choice = {
      index: 0,
      message: { role: "assistant", content: "All." },
      finish_reason: "stop",
    };
    const usage = { prompt_tokens: 5, completion_tokens: 2 };
    world.servers[0]!.behave = () => ({ body: { choices: [choice], usage } });
    const clients = [true, false].map((isStreaming) => world.submit(new Client({ isStreaming })));
    for (const client of clients) expect((await client.ending).request.outputTokens).toBe(2);
    const { message, ...rest } = choice;
    expect(clients[0]!.pieces).toEqual([{ kind: "choice", choice: { ...rest, delta: message } }]);
    expect(clients[1]!.pieces).toEqual([{ kind: "choice", choice }]);
  });

  test("embeddings pass whole, and their prompt is billed", async () => {
    const world = await createWorld();
    const client = world.submit(
      new Client({
        endpoint: "embedding",
        isStreaming: false,
        maxOutputTokens: 1,
        body: { input: "Hi" },
      }),
    );
    const { outcome, request } = await client.ending;
    expect(outcome).toBe("completed");
    expect(request.outputTokens).toBe(0);
    expect(client.pieces[0]).toMatchObject({
      kind: "whole",
      body: { data: [{ embedding: [0.25, -1] }] },
    });
    expect(world.servers[0]!.generations[0]!.body).toEqual({ model: "served-model", input: "Hi" });
    const [gpu, input, ...others] = world.charges;
    expect(gpu).toMatchObject({ kind: "gpu" });
    expect(gpu!.quantity).toBeGreaterThan(0);
    expect(input).toMatchObject({ kind: "input", quantity: 7 });
    expect(others).toEqual([]);
  });

  test("an answer without any text is an answer", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = () => ({ texts: [], usage: { completion_tokens: 1 } });
    const client = world.submit(new Client());
    const { outcome, request } = await client.ending;
    expect(outcome).toBe("completed");
    expect(request.outputTokens).toBe(1);
    expect(request.firstTokenNs).toBeGreaterThan(0);
  });
});

describe("adapters", () => {
  test("by name: each tenant's own, whatever it is called", async () => {
    const world = await createWorld();
    for (const tenant of [0, 1]) {
      const { outcome } = await world.submit(new Client({ tenant, adapterIndex: 0 })).ending;
      expect(outcome).toBe("completed");
    }
    const models = world.servers[0]!.generations.map(({ body }) => body.model);
    expect(models).toEqual(["acme/tuned", "bravo/tuned"]);
  });

  test("load: loaded before use, unloaded for another", async () => {
    const world = await createWorld({
      upstream: { adapters: "load" },
      // Room for one adapter of rank 8, which takes 40 MiB.
      pool: { adapterMemory: "60MiB" },
    });
    for (const tenant of [0, 1]) {
      await world.submit(new Client({ tenant, adapterIndex: 0 })).ending;
    }
    const paths = world.servers[0]!.requests.filter(({ path }) =>
      /lora|completions/u.test(path),
    ).map(({ path, body }) => [path, body.lora_name ?? body.model]);
    expect(paths).toEqual([
      ["/v1/load_lora_adapter", "acme/tuned"],
      ["/v1/chat/completions", "acme/tuned"],
      ["/v1/unload_lora_adapter", "acme/tuned"],
      ["/v1/load_lora_adapter", "bravo/tuned"],
      ["/v1/chat/completions", "bravo/tuned"],
    ]);
  });

  test("one that cannot be loaded fails its own requests and no others", async () => {
    const world = await createWorld({ upstream: { adapters: "load" } });
    world.servers[0]!.behave = ({ path }) =>
      path.endsWith("lora_adapter") ? { status: 404, body: { message: "no such path" } } : {};
    const { outcome, problem } = await world.submit(new Client({ adapterIndex: 0 })).ending;
    expect(outcome).toBe("failed");
    expect(problem).toEqual({ status: 502, message: "The adapter could not be loaded." });
    expect((await world.submit(new Client()).ending).outcome).toBe("completed");
  });
});

test("a key that is not in the environment is named at once", async () => {
  await expect(createWorld({ upstream: { keyVariable: "NO_SUCH_KEY" } })).rejects.toThrow(
    /environment variable NO_SUCH_KEY, which is not set: set it, or remove keyVariable/u,
  );
});

test("the server's own metrics are there for the dashboard", async () => {
  const world = await createWorld({ upstream: { engine: "vllm" } });
  world.servers[0]!.metrics = [
    "# HELP vllm:num_requests_running Number of requests",
    'vllm:num_requests_running{engine="0",model_name="m"} 3.0',
    'vllm:num_requests_running{engine="1",model_name="m"} 2.0',
    'vllm:num_requests_waiting{engine="0"} 1',
    'vllm:kv_cache_usage_perc{engine="0"} 0.25',
    'vllm:kv_cache_usage_perc{engine="1"} 0.5',
  ].join("\n");
  await world.until(() => world.backend.upstreamStats()[0]!.running !== undefined);
  expect(world.backend.upstreamStats()[0]).toMatchObject({
    pool: "main",
    engine: "vllm",
    isUp: true,
    running: 5,
    waiting: 1,
    kvUsage: 0.5,
  });
  expect(world.backend.meters[0]!.kvBlocksUsed).toBeGreaterThan(0);
});

/** A chunk as it is sent. */
function event(choice: object, usage?: object): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }], usage })}\n\n`;
}

function call(index: number, part: object): string {
  return event({ delta: { tool_calls: [{ index, ...part }] } });
}

function logprob(token: string): object {
  return { content: [{ token, logprob: -1 }] };
}
