/** Streams that the server itself cuts off, in the middle of whatever it computes: their bills are of what their clients have. */
import { expect, test } from "vitest";
import { OpenAiBackend } from "../../../src/live/backends/openai/openai-backend.ts";
import { drain } from "../../../src/live/http/drain.ts";
import { TokenCounter } from "../../../src/live/token-count.ts";
import { MODEL, SCENARIO, type TestServer, post, startServer, until } from "./support.ts";

/** Streams at once, and rounds: whether a token is computed after the cut is a matter of microseconds. */
const STREAMS = 12;
const ROUNDS = 5;

const ENDLESS = {
  model: MODEL,
  prompt: "x",
  stream: true,
  paced_output_tokens: 20_000,
  max_tokens: 20_000,
};

/** Beginnings of stop strings that never come: a text that ends in one of these words is held back until the next. */
const STOPS = "the of and to in is that it was for on are as with they be".split(" ");
const HELD = { stop: STOPS.map((word) => `${word}#`) };

/** Words, one a token, in the texts of a stream: of each choice by itself, for held back text comes in parts of words. */
function wordsIn(stream: string): number {
  const texts = new Map<string, string>();
  for (const [, index, text] of stream.matchAll(/"index":(\d+),"text":"([^"]*)"/g)) {
    texts.set(index!, (texts.get(index!) ?? "") + text!);
  }
  return [...texts.values()].reduce((sum, text) => sum + (text.match(/\w+/g)?.length ?? 0), 0);
}

interface Cut {
  readonly id: string;
  readonly words: number;
  readonly code: string | undefined;
}

async function streamed(server: TestServer, extra: object = {}): Promise<Cut> {
  const { response, text } = await post(server, "/v1/completions", { ...ENDLESS, ...extra });
  return {
    id: response.headers.get("x-request-id")!,
    words: wordsIn(text),
    code: /"code":"(\w+)"\}\}\s*$/.exec(text)?.[1],
  };
}

/** Output tokens in the ledger: as used, and as charged, which must be the same; all choices of a request together. */
function billed({ ledger }: TestServer, id: string): number {
  const isOf = (request: string | undefined) =>
    request === id || request?.startsWith(`${id}-n`) === true;
  const used = ledger.batches.flatMap(({ usage }) => usage).filter(({ request }) => isOf(request));
  const charged = ledger.batches
    .flatMap(({ charges }) => charges)
    .filter(({ request, kind }) => isOf(request) && kind === "output");
  const tokens = used.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
  expect(charged.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(tokens);
  return tokens;
}

function expectExact(server: TestServer, cuts: readonly Cut[], code: string): void {
  expect(cuts.map((cut) => cut.code)).toEqual(cuts.map(() => code));
  expect(cuts.map(({ id }) => billed(server, id))).toEqual(cuts.map(({ words }) => words));
  expect(cuts.filter(({ words }) => words > 0).length).toBeGreaterThan(cuts.length / 2);
}

test("by its time limit: what was billed was sent, to the token", async () => {
  const server = await startServer({ overrides: ["serve.requestTimeout=40ms"] });
  for (let round = 0; round < ROUNDS; round++) {
    const cuts = await Promise.all(
      Array.from({ length: STREAMS }, (_, index) =>
        streamed(server, index % 2 === 0 ? HELD : { n: 1 + (index % 3) }),
      ),
    );
    expectExact(server, cuts, "request_timeout");
  }
  await server.close();
});

test("by a drain: what was billed was sent, to the token", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServer();
    const streams = Array.from({ length: STREAMS }, () => streamed(server));
    await until(() => server.driver.engine.requestsInFlight === STREAMS);
    expect(await drain(server.app, server.traffic, 20)).toBe(STREAMS);
    const cuts = await Promise.all(streams);
    await server.driver.stop();
    expectExact(server, cuts, "overloaded");
  }
});

/** A Tenantry behind a Tenantry, whose streams bring several tokens in a chunk. */
async function gateway(
  requestTimeout: string,
): Promise<{ upstream: TestServer; server: TestServer }> {
  const upstream = await startServer({ outputTokens: () => 20_000 });
  const one = [{ url: `${upstream.url}/v1`, model: MODEL, engine: "tenantry", keyVariable: "KEY" }];
  const upstreams = { shared: one, own: one };
  const server = await startServer({
    scenario: { ...SCENARIO, serve: { backend: "openai", upstreams, requestTimeout } },
    backend: ({ platform, serve }) =>
      new OpenAiBackend({
        platform,
        upstreams: serve.upstreams,
        counters: platform.pools.map(() => new TokenCounter()),
        environment: { KEY: "sk-acme" },
      }),
  });
  return { upstream, server };
}

function estimates({ ledger }: TestServer): unknown[] {
  const charges = ledger.batches.flatMap((batch) => batch.charges);
  return charges.filter(({ kind, isEstimate }) => kind === "output" && isEstimate);
}

test("behind another Tenantry: what was billed was counted there and sent, to the token", async () => {
  const { upstream, server } = await gateway("60ms");
  for (let round = 0; round < ROUNDS; round++) {
    const n = 1 + (round % 2);
    const cuts = await Promise.all([1, 2, 3, 4].map(() => streamed(server, { n })));
    expectExact(server, cuts, "request_timeout");
  }
  expect(estimates(server)).toEqual([]);
  await server.close();
  await upstream.close();
});

test("behind another Tenantry: a client that goes is billed for what it was sent, by count", async () => {
  const { upstream, server } = await gateway("1min");
  for (let round = 0; round < ROUNDS; round++) {
    const leaving = new AbortController();
    const response = await fetch(`${server.url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-acme" },
      body: JSON.stringify(ENDLESS),
      signal: leaving.signal,
    });
    let read = "";
    for await (const bytes of response.body!) {
      read += Buffer.from(bytes).toString();
      if (wordsIn(read) > 200) break;
    }
    leaving.abort();
    await until(() => server.driver.engine.requestsInFlight === 0);
    await until(() => upstream.driver.engine.requestsInFlight === 0);
    const id = response.headers.get("x-request-id")!;
    await until(() => server.ledger.batches.some(({ usage }) => usage[0]?.request === id));
    expect(billed(server, id)).toBeGreaterThanOrEqual(wordsIn(read));
    const computed = upstream.ledger.batches.flatMap(({ usage }) => usage).at(-1)!.outputTokens;
    expect(billed(server, id)).toBeLessThanOrEqual(computed);
  }
  expect(estimates(server)).toEqual([]);
  await server.close();
  await upstream.close();
});
