import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { TokenCounter, loadTokenCounter } from "../../../src/live/token-count.ts";

/** One token a word, and an unknown one for every word that is not in it. */
const WORDS = {
  version: "1.0",
  added_tokens: [{ id: 0, content: "[UNK]", special: true }],
  normalizer: null,
  pre_tokenizer: { type: "Whitespace" },
  post_processor: null,
  decoder: null,
  model: { type: "WordLevel", vocab: { "[UNK]": 0, hello: 1, world: 2 }, unk_token: "[UNK]" },
};

async function fileWith(name: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tokens-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("an estimate", () => {
  const counter = new TokenCounter();

  test.each<readonly ["chat" | "completion" | "embedding", object, number]>([
    ["completion", { prompt: "12345678" }, 2],
    ["completion", { prompt: "123456789" }, 3],
    ["completion", { prompt: "" }, 1],
    ["completion", {}, 1],
    // Four characters of three bytes each.
    ["completion", { prompt: "日本語文" }, 3],
    // All texts together are rounded once.
    ["completion", { prompt: ["12345", "678"] }, 2],
    ["embedding", { input: ["1234", "5678"] }, 2],
    ["chat", { messages: [{ role: "user", content: "12345678" }] }, 2],
    ["chat", { messages: [{ role: "user", name: "1234", content: "5678" }] }, 2],
    [
      "chat",
      {
        messages: [
          {
            content: [
              { type: "text", text: "1234" },
              { type: "text", text: "5" },
            ],
          },
        ],
      },
      2,
    ],
    // A picture is 765.
    ["chat", { messages: [{ content: [{ type: "image_url", image_url: { url: "x" } }] }] }, 765],
    // {"a":"b"} in a list: 11 bytes.
    ["chat", { messages: [], tools: [{ a: "b" }] }, 3],
    ["chat", { messages: [{ role: "assistant", content: null, tool_calls: [{ a: "b" }] }] }, 3],
    ["chat", { messages: "what?" }, 1],
    ["chat", { messages: [null, 7, { content: 7 }, { content: [null] }] }, 1],
  ])("%s %j", (endpoint, body, tokens) => {
    const count = counter.countPrompt(endpoint, { ...body });
    expect(count.tokens).toBe(tokens);
  });

  test("tokens sent as numbers are counted, not estimated", () => {
    const body = { prompt: [[1, 2, 3], [4]] };
    expect(counter.countPrompt("completion", body)).toEqual({ tokens: 4, isEstimate: false });
    expect(counter.countPrompt("embedding", { input: [1, 2] })).toEqual({
      tokens: 2,
      isEstimate: false,
    });
    expect(counter.countPrompt("completion", { prompt: "a" }).isEstimate).toBe(true);
  });

  test("nesting without end does no harm", () => {
    let deep: unknown = "text";
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(counter.countPrompt("completion", { prompt: deep }).tokens).toBe(1);
    expect(
      counter.countPrompt("chat", { messages: [{ content: deep }], tools: deep }).tokens,
    ).toBeGreaterThan(0);
  });
});

describe("a tokenizer", () => {
  test("counts text exactly, and a chat with its template as an estimate", async () => {
    const counter = await loadTokenCounter(await fileWith("tokenizer.json", JSON.stringify(WORDS)));
    expect(counter.countText("hello big world")).toEqual({ tokens: 3, isEstimate: false });
    expect(counter.countPrompt("completion", { prompt: ["hello world", "hello"] })).toEqual({
      tokens: 3,
      isEstimate: false,
    });
    // Two messages of two words, and four tokens around each.
    const messages = [{ content: "hello world" }, { content: "hello world" }];
    expect(counter.countPrompt("chat", { messages })).toEqual({ tokens: 12, isEstimate: true });
  });

  test("a very long text is counted by a sample of it", async () => {
    const counter = await loadTokenCounter(await fileWith("tokenizer.json", JSON.stringify(WORDS)));
    const { tokens, isEstimate } = counter.countText("hello ".repeat(1_000_000));
    expect(isEstimate).toBe(true);
    expect(Math.abs(tokens - 1_000_000)).toBeLessThan(1000);
  });

  test.each([
    ["nothing there", undefined, /no-such.json: cannot be read; expected a tokenizer.json/u],
    ["no JSON", "{oops", /is not JSON; expected a tokenizer.json/u],
    ["a number", "7", /expected a JSON object/u],
    [
      "another file",
      '{"a":1}',
      /expected a tokenizer.json of Hugging Face's tokenizers; leave it out/u,
    ],
  ])("says what is wrong with %s", async (_, text, message) => {
    const path = text === undefined ? "/no-such.json" : await fileWith("tokenizer.json", text);
    await expect(loadTokenCounter(path)).rejects.toThrow(message);
  });
});
