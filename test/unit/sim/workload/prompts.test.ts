/** What prompts share, as the workload says it; and conversations, turn by turn. */
import { describe, expect, test } from "vitest";
import { commonTokens, contentName } from "../../../../src/replica/prefix-key.ts";
import type { ClientConfig } from "../../../../src/scenario/scenario.ts";
import type { AttemptEnd } from "../../../../src/sim/workload/client.ts";
import { PromptStreams } from "../../../../src/sim/workload/prompt-streams.ts";
import { Prompts } from "../../../../src/sim/workload/prompts.ts";
import { clientConfig, openClient, traceConfig } from "./helpers.ts";

const S = 1e9;
const CONSTANT = { kind: "constant", ratePerS: 1, shapes: [] } as const;
const TRACE = { kind: "trace", trace: traceConfig({ format: "mooncake" }) } as const;

function common(a: Partial<ClientConfig>, b: Partial<ClientConfig>): number {
  const streams = new PromptStreams();
  const [one, other] = [a, b].map(
    (changes) => new Prompts(clientConfig(CONSTANT, changes), streams),
  );
  return commonTokens(one!.fresh(), other!.fresh());
}

function named(name: string, tokens: number): Partial<ClientConfig> {
  return { name: `${tokens}`, systemPrompt: { name, tokens } };
}

function end(nowNs: number, outputTokens: number): AttemptEnd {
  return { nowNs, retryAfterNs: 0, outputTokens };
}

test("system prompts of one name are the same text, the shorter the beginning of the longer", () => {
  expect(common(named("a", 800), named("a", 801))).toBe(800);
  expect(common({ ...named("a", 800), name: "x" }, named("a", 800))).toBe(800);
  expect(common(named("a", 800), named("b", 801))).toBe(0);
  expect(common({ name: "x" }, { name: "y" })).toBe(0);
});

test("a trace's hashes name blocks of 512 tokens, and what follows the prompt is nobody else's", () => {
  const streams = new PromptStreams();
  const prompts = new Prompts(clientConfig(TRACE), streams);
  const other = new Prompts(clientConfig(TRACE, { name: "other" }), streams);
  const first = prompts.traced(1_100, [0, 1, 2])!;
  expect(commonTokens(first, other.traced(1_536, [0, 1, 3])!)).toBe(1_024);
  expect(commonTokens(first, other.traced(1_100, [0, 1, 2])!)).toBe(1_100);
  // The last block of the first prompt has 76 tokens; its output is not what another has there.
  expect(commonTokens(first, other.traced(1_536, [0, 1, 2])!)).toBe(1_100);
  expect(prompts.traced(1_100, undefined)).toBeUndefined();
});

test("a system prompt is the beginning of a trace's prompts, as far as they go", () => {
  const config = clientConfig(TRACE, { systemPrompt: { name: "s", tokens: 300 } });
  const prompts = new Prompts(config, new PromptStreams());
  const [long, short] = [prompts.traced(1_000, undefined)!, prompts.traced(100, undefined)!];
  expect(commonTokens(long, short)).toBe(100);
  expect(commonTokens(long, prompts.traced(1_000, undefined)!)).toBe(300);
});

test("content is named by its streams and places", () => {
  const segments = [
    { id: 7, tokens: 10 },
    { id: 8, tokens: Infinity },
  ];
  expect(contentName(segments, 0, 8)).toBe("7@0+8;");
  expect(contentName(segments, 8, 16)).toBe("7@8+2;8@0+6;");
  expect(contentName(segments, 16, 24)).toBe("8@6+8;");
});

describe("conversations", () => {
  const TALK = {
    systemPrompt: { name: "s", tokens: 50 },
    conversation: {
      turns: { kind: "constant", tokens: 3 },
      thinkMeanNs: 2 * S,
      thinkCv: 0,
      maxPromptTokens: 1_000,
    },
  } as const satisfies Partial<ClientConfig>;

  test("each prompt is the one before, its answer, and something new, a pause after the answer", () => {
    const client = openClient(clientConfig({ ...CONSTANT, ratePerS: 0.01 }, TALK));
    const first = client.take();
    expect([first.timeNs, first.promptTokens]).toEqual([100 * S, 150]);
    client.ended(first, "completed", end(101 * S, 20));
    const second = client.take();
    expect([second.timeNs, second.promptTokens]).toEqual([103 * S, 150 + 20 + 100]);
    expect(second.segments).toBe(first.segments);
    // The answer was cut short: only what came is part of what follows.
    client.ended(second, "completed", end(105 * S, 7));
    const third = client.take();
    expect([third.timeNs, third.promptTokens]).toEqual([107 * S, 270 + 7 + 100]);
    client.ended(third, "completed", end(108 * S, 20));
    expect(client.nextArrivalNs).toBe(200 * S);
  });

  test("users begin another one when theirs has ended", () => {
    const loop = { kind: "closed-loop", users: 1, thinkMeanNs: 10 * S, thinkCv: 0 } as const;
    const client = openClient(clientConfig(loop, TALK));
    const times: number[] = [];
    const conversations = new Set<unknown>();
    for (let count = 0; count < 6; count++) {
      const arrival = client.take();
      times.push(arrival.timeNs / S);
      conversations.add(arrival.segments);
      client.ended(arrival, "completed", end(arrival.timeNs + S, 20));
    }
    expect(times).toEqual([10, 13, 16, 27, 30, 33]);
    expect(conversations.size).toBe(2);
  });

  test.each([
    ["a request fails", {}, "failed", Infinity],
    ["the next prompt would be too long", { maxPromptTokens: 269 }, "completed", Infinity],
    ["arrivals have ended", {}, "completed", 103 * S],
  ] as const)("end early when %s", (_, changes, outcome, durationNs) => {
    const conversation = { ...TALK.conversation, ...changes };
    const config = clientConfig({ ...CONSTANT, ratePerS: 0.01 }, { ...TALK, conversation });
    const client = openClient(config, { durationNs });
    client.ended(client.take(), outcome, end(101 * S, 20));
    expect(client.nextArrivalNs).toBe(durationNs === Infinity ? 200 * S : Infinity);
  });

  test("a turn that is tried again is the same turn", () => {
    const retry = { attempts: 1, backoffNs: S, maxBackoffNs: S, jitter: 0 };
    const client = openClient(clientConfig({ ...CONSTANT, ratePerS: 0.01 }, { ...TALK, retry }));
    client.ended(client.take(), "failed", end(101 * S, 5));
    const again = client.take();
    expect([again.timeNs, again.promptTokens, again.attempt]).toEqual([102 * S, 150, 1]);
    client.ended(again, "completed", end(103 * S, 20));
    expect(client.take()).toMatchObject({ promptTokens: 270, attempt: 0 });
  });
});

test("distinct prompts come again in turn, whole, and what follows them does not", () => {
  const config = clientConfig(CONSTANT, {
    systemPrompt: { name: "s", tokens: 30 },
    distinctPrompts: 3,
  });
  const prompts = new Prompts(config, new PromptStreams());
  const [first, second, , fourth] = [0, 1, 2, 3].map(() => prompts.single(100)!);
  expect(commonTokens(first!, second!)).toBe(30);
  expect(commonTokens(first!, fourth!)).toBe(100);
  const shorter = prompts.traced(80, undefined)!;
  expect(commonTokens(second!, shorter)).toBe(80);
});

test("distinct prompts without a system prompt have nothing else in common", () => {
  const prompts = new Prompts(clientConfig(CONSTANT, { distinctPrompts: 2 }), new PromptStreams());
  const [first, second, third] = [0, 1, 2].map(() => prompts.single(100)!);
  expect(commonTokens(first!, second!)).toBe(0);
  expect(commonTokens(first!, third!)).toBe(100);
});
