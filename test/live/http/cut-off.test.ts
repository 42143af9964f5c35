/** Streams that the server itself cuts off, in the middle of whatever it computes: their bills are of what their clients have. */
import { expect, test } from "vitest";
import { drain } from "../../../src/live/http/drain.ts";
import { MODEL, type TestServer, post, startServer, until } from "./support.ts";

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
  expect(cuts.filter(({ words }) => words > 0).length).toBeGreaterThan(STREAMS / 2);
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
