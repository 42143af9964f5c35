/** What a load generator makes of streamed answers, wherever the network cuts them. */
import { describe, expect, test } from "vitest";
import { StreamedAnswer } from "../../../src/load/answer.ts";
import { chunk } from "../../support/echo-upstream.ts";

const USAGE = { prompt_tokens: 12, completion_tokens: 3 };
const STREAM = [
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "Grüße 👋" }),
  ": a comment\n\n",
  chunk({ content: ' "usage":{"prompt_tokens":99} "error":{' }),
  chunk({ content: "end" }),
  chunk({}, "stop"),
  `data: ${JSON.stringify({ choices: [], usage: { ...USAGE, prompt_tokens_details: { cached_tokens: 8 } } })}\n\n`,
  "data: [DONE]\n\n",
].join("");

function fed(text: string): StreamedAnswer {
  const answer = new StreamedAnswer();
  answer.feed(Buffer.from(text), 5);
  return answer;
}

describe("a streamed answer", () => {
  test("is the same wherever the network cuts it", () => {
    const bytes = Buffer.from(STREAM);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const answer = new StreamedAnswer();
      answer.feed(bytes.subarray(0, cut), 1);
      answer.feed(bytes.subarray(cut), 2);
      expect(answer).toMatchObject({ pieces: 3, isFinished: true, error: undefined });
      expect(answer.usage).toEqual({ promptTokens: 12, outputTokens: 3, cachedTokens: 8 });
    }
  });

  test("knows when its first and last output came", () => {
    const answer = new StreamedAnswer();
    const parts = STREAM.split("\n\n").map((part) => Buffer.from(`${part}\n\n`));
    for (const [time, part] of parts.entries()) answer.feed(part, time);
    // The role comes at 0 and is no output; the comment at 2 is none either; usage and the end mark follow the output.
    expect(answer).toMatchObject({ firstOutputNs: 1, lastOutputNs: 4 });
  });

  test.each([
    ["a completion's text", 'data: {"choices":[{"text":"hi","finish_reason":null}]}\n', 1],
    ["spaces after colons", 'data: {"choices": [{"delta": {"content": "hi"}}]}\n', 1],
    ["lines ended by CRLF", 'data: {"choices":[{"delta":{"content":"hi"}}]}\r\n', 1],
    ["reasoning", 'data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}\n', 1],
    ["no text", 'data: {"choices":[{"delta":{"content":null}}]}\n', 0],
    ["another field of the protocol", 'event: {"content":"hi"}\n', 0],
  ])("sees output in %s", (_, text, pieces) => {
    expect(fed(text).pieces).toBe(pieces);
  });

  test("keeps an error, and is finished only when the server says so", () => {
    const error = { message: "out of memory", code: "oom" };
    const answer = fed(`${chunk({ content: "a" })}data: ${JSON.stringify({ error })}\n\n`);
    expect(answer).toMatchObject({ error, isFinished: false });
    expect(fed("data: [DONE]").isFinished).toBe(false);
    expect(fed("data: [DONE]\n").isFinished).toBe(true);
    expect(fed(chunk({}, "length")).isFinished).toBe(true);
  });

  test("takes usage only when it holds numbers", () => {
    expect(fed('data: {"usage":{"prompt_tokens":"12"}}\n').usage).toBeUndefined();
    expect(fed('data: {"usage":{broken\n').usage).toBeUndefined();
  });
});
