/** Prompts have the length they should by the estimate of four bytes a token, and differ from each other at once. */
import { describe, expect, test } from "vitest";
import { PromptText } from "../../../src/load/prompt.ts";
import { TokenCounter } from "../../../src/live/token-count.ts";

describe("a prompt", () => {
  const prompts = new PromptText(7);

  test.each([1, 2, 511, 65_521, 200_000])(
    "of %i tokens is counted as such by the server",
    (tokens) => {
      const content = prompts.take(65_000, tokens);
      const body = { messages: [{ role: "user", content }] };
      expect(new TokenCounter().countPrompt("chat", body).tokens).toBe(tokens);
      expect(new TokenCounter().countPrompt("completion", { prompt: content }).tokens).toBe(tokens);
    },
  );

  test("needs no escaping in JSON and is the same for the same seed", () => {
    const text = prompts.take(3, 500);
    expect(JSON.stringify(text)).toBe(`"${text}"`);
    expect(new PromptText(7).take(3, 500)).toBe(text);
    expect(new PromptText(8).take(3, 500)).not.toBe(text);
  });

  test("shares no first block of 16 tokens with another, which a prefix cache would find", () => {
    const first = new Set<string>();
    for (let number = 0; number < 20_000; number++) first.add(prompts.take(number, 16));
    expect(first.size).toBe(20_000);
  });

  test("has the words of its segments: a system prompt always the same, a conversation one text that goes on", () => {
    const segments = new PromptText(7, "segments");
    const system = { id: 0, tokens: 20 };
    const chat = [system, { id: 1, tokens: Infinity }];
    const turn = segments.takeSegments(chat, 50);
    expect(turn.length).toBe(200);
    expect(segments.takeSegments(chat, 90).startsWith(turn)).toBe(true);
    const other = segments.takeSegments([system, { id: 2, tokens: Infinity }], 50);
    expect(other.slice(0, 80)).toBe(turn.slice(0, 80));
    expect(other.slice(80, 84)).not.toBe(turn.slice(80, 84));
    expect(segments.takeSegments(chat, 7)).toBe(turn.slice(0, 28));
    expect(prompts.take(0, 16)).not.toBe(turn.slice(0, 64));
  });
});
