/** vLLM's log of iterations as a table of steps: with the cache's use, without it, and logs that hold no step's time. */
import { describe, expect, test } from "vitest";
import { fitProfile } from "../../../src/profile/fit.ts";
import { readSteps } from "../../../src/profile/read-steps.ts";
import { type MeasuredStep, likelyPairs } from "../../../src/profile/step-row.ts";
import { KNOWN, timed } from "./measured.ts";

const NOTHING = { model: undefined, gpu: undefined, tensorParallel: undefined };

function read(text: string, kvCacheTokens?: number) {
  return readSteps(text, {
    fileName: "vllm.log",
    wanted: NOTHING,
    skipBadRows: false,
    kvCacheTokens,
  });
}

/** A line as vLLM 0.27 logs it. */
function line(
  index: number,
  [chunks, chunkTokens, decodes]: readonly [number, number, number],
  ms: number,
  rest = "",
): string {
  return `(APIServer pid=7) INFO 11-25 10:00:00 [loggers.py:182] Engine 000: Iteration(${index}): ${chunks} context requests, ${chunkTokens} context tokens, ${decodes} generation requests, ${decodes} generation tokens, iteration elapsed time: ${ms.toFixed(2)} ms${rest}`;
}

function usage(percent: number): string {
  return `, GPU KV cache usage: ${percent.toFixed(1)}%`;
}

const SIZE = "INFO 11-25 09:59:00 [kv_cache_utils.py:1087] GPU KV cache size: 100,000 tokens";
const THROUGHPUT =
  "INFO 11-25 10:00:00 [loggers.py:127] Engine 000: Avg prompt throughput: 100.0 tokens/s, Avg generation throughput: 500.0 tokens/s, Running: 32 reqs, Waiting: 0 reqs, GPU KV cache usage: 5.0%, Prefix cache hit rate: 0.0%";

describe("iterations with the cache's use", () => {
  const text = [
    SIZE,
    line(0, [2, 2048, 0], 40, usage(2)),
    THROUGHPUT,
    line(1, [1, 2048, 0], 55, usage(4)),
    line(2, [1, 500, 2], 20, usage(4.5)),
    line(3, [0, 0, 3], 9.5, usage(4.5)),
    line(4, [1, 300, 3], 14, usage(5)),
    line(5, [0, 0, 1], 9.5, ` (dummy)${usage(5)}`),
    line(7, [0, 0, 3], 9.5, usage(5)),
  ].join("\n");

  test("are steps whose context is what was cached before them", () => {
    const { format, rows, dropped, lines, notes } = read(text);
    expect(format).toBe("vllm-log");
    expect(lines).toBe(7);
    expect(notes).toEqual([expect.stringContaining("what the log says of the KV cache's use")]);
    // The second fills the budget of 2,048 tokens after one that did: its chunk goes on after 2 % of 100,000 tokens.
    expect(rows).toEqual([
      {
        prefills: 2,
        prefillTokens: 2048,
        prefillPairs: likelyPairs(2, 2048, 0),
        decodes: 0,
        contextTokens: 0,
        ms: 40,
        line: 2,
      },
      {
        prefills: 1,
        prefillTokens: 2048,
        prefillPairs: likelyPairs(1, 2048, 2000),
        decodes: 0,
        contextTokens: 0,
        ms: 55,
        line: 4,
      },
      {
        prefills: 0,
        prefillTokens: 0,
        prefillPairs: 0,
        decodes: 3,
        contextTokens: 4500,
        ms: 9.5,
        line: 6,
      },
      {
        prefills: 1,
        prefillTokens: 300,
        prefillPairs: likelyPairs(1, 300, 0),
        decodes: 3,
        contextTokens: 4500,
        ms: 14,
        line: 7,
      },
    ]);
    // Its prompt may go on from the step before, which was full; a dummy computes nothing; the sixth is not there.
    expect(dropped).toEqual([
      { reason: expect.stringContaining("a prompt is continued"), rows: 1, firstLine: 5 },
      { reason: expect.stringContaining("only kept step with the others"), rows: 1, firstLine: 8 },
      { reason: expect.stringContaining("the iteration before is missing"), rows: 1, firstLine: 9 },
    ]);
  });

  test("need the cache's size, from the log or from whoever knows it", () => {
    const without = text.replace(SIZE, "");
    expect(() => read(without)).toThrow(
      /^vllm\.log: the log says what share of the KV cache was used, and not how large it is: give --kv-cache-tokens/,
    );
    expect(read(without, 200_000).rows[2]).toMatchObject({ decodes: 3, contextTokens: 9000 });
  });
});

/** A server that takes in a batch of prompts at once and decodes it to the end, again and again; no step's time is noisy. */
function servedLog(hasUsage: boolean): string {
  const found: string[] = [SIZE];
  const log = (step: Omit<MeasuredStep, "ms">, after: number): void => {
    const { ms } = timed(step);
    const rest = hasUsage ? usage(after / 1000) : "";
    found.push(line(found.length - 1, [step.prefills, step.prefillTokens, step.decodes], ms, rest));
  };
  for (const batch of [1, 2, 4, 8, 16, 32, 64]) {
    for (const prompt of [64, 128, 512, 1024]) {
      const tokens = batch * prompt;
      if (tokens > 8192) continue;
      log(
        {
          prefills: batch,
          prefillTokens: tokens,
          prefillPairs: likelyPairs(batch, tokens, 0),
          decodes: 0,
          contextTokens: 0,
        },
        tokens,
      );
      for (let step = 0; step < 20; step++) {
        const contextTokens = batch * (prompt + step);
        const left = step === 19 ? 0 : contextTokens + batch;
        log(
          { prefills: 0, prefillTokens: 0, prefillPairs: 0, decodes: batch, contextTokens },
          left,
        );
      }
    }
  }
  return found.join("\n");
}

describe("a whole log", () => {
  test.each([
    ["with", true, "what the log says of the KV cache's use"],
    ["without", false, "reckoned up"],
  ])("%s the cache's use makes a profile near the truth", (_what, hasUsage, note) => {
    const steps = read(servedLog(hasUsage));
    expect(steps.notes.join()).toContain(note);
    const { profile } = fitProfile(steps.rows, "vllm.log");
    expect(Math.abs(profile.contextTokenPs / KNOWN.contextTokenPs - 1)).toBeLessThan(0.1);
    const [first] = profile.decode.points;
    expect(Math.abs(first!.ps / KNOWN.decode.points[0]!.ps - 1)).toBeLessThan(0.02);
  });

  test("without the cache's use follows who joins and who leaves", () => {
    const { rows } = read(
      [
        line(0, [2, 200, 0], 9),
        line(1, [1, 60, 2], 9),
        line(2, [0, 0, 3], 9),
        line(3, [0, 0, 1], 9),
        line(4, [1, 500, 1], 12),
      ].join("\n"),
    );
    // Two of 100 tokens; beside a third of 60 they have 100 each, then 101, 101 and 60; the two oldest leave, and 61 are left.
    expect(rows.map(({ contextTokens }) => contextTokens)).toEqual([0, 200, 262, 61, 62]);
  });
});

describe("logs that hold no step's time", () => {
  const steady = [line(0, [1, 100, 0], 9), line(1, [0, 0, 1], 9)].join("\n");
  test.each<readonly [string, string, RegExp]>([
    [
      "throughput alone",
      `${THROUGHPUT}\n${THROUGHPUT}`,
      /^vllm\.log: this log says how many tokens .* start vLLM with --enable-logging-iteration-details/,
    ],
    [
      "two engines",
      `${steady}\n${steady.replaceAll("Engine 000", "Engine 001")}`,
      /iterations of 2 engines \(000, 001\): a profile is of one/,
    ],
    [
      "the scheduler's waiting",
      `${steady}\n${line(2, [0, 0, 1], 0.03)}`,
      /^vllm\.log:3: 1 of 3 iterations took less than 0\.1 ms.*--no-async-scheduling/,
    ],
  ])("%s", (_what, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
