/** Every known table, line by line; and what is said of tables and lines that are not what they should be. */
import { describe, expect, test } from "vitest";
import { readSteps } from "../../../src/profile/read-steps.ts";
import { csvOf, measuredRows } from "./measured.ts";

interface Asked {
  readonly model?: string;
  readonly gpu?: string;
  readonly tensorParallel?: string;
  readonly skipBadRows?: boolean;
}

function read(text: string, { model, gpu, tensorParallel, skipBadRows = false }: Asked = {}) {
  const wanted = { model, gpu, tensorParallel };
  return readSteps(text, { fileName: "steps.csv", wanted, skipBadRows });
}

const OWN =
  "prefill_requests,prefill_tokens,prefill_context_tokens,decode_requests,decode_context_tokens,latency_ms";
const FPM =
  "phase,ctx_tokens,ctx_requests,ctx_kv_tokens,decode_tokens,decode_requests,decode_kv_tokens,latency_ms";
const SUMS = "gpu,model,tp,phase,batch,tokens_or_context,linear_ms,attention_ms,total_ms";
const SPLITWISE =
  "model,hardware,prompt_size,batch_size,token_size,prompt_time,token_time,e2e_time,tensor_parallel";

describe("each form of table", () => {
  test("our own, chunks taken as alike", () => {
    // Two chunks of 50 after 100 cached each: 50 x 100 + 50 x 51 / 2 = 6,275 pairs, twice.
    const { format, rows } = read(`${OWN}\n2,100,200,3,900,12.5\n`);
    expect(format).toBe("tenantry");
    expect(rows).toEqual([
      {
        prefills: 2,
        prefillTokens: 100,
        prefillPairs: 12_550,
        decodes: 3,
        contextTokens: 900,
        ms: 12.5,
        line: 2,
      },
    ]);
  });

  test("our own, with the pairs counted", () => {
    const { rows } = read(`${OWN},prefill_pairs\n2,100,200,3,900,12.5,13001\n`);
    expect(rows[0]!.prefillPairs).toBe(13_001);
  });

  test("our own, written and read again", () => {
    const rows = measuredRows();
    const again = read(csvOf(rows));
    expect(again.lines).toBe(rows.length);
    for (const [at, row] of again.rows.entries()) {
      expect(row.prefillPairs).toBeCloseTo(rows[at]!.prefillPairs, 3);
      expect(row).toMatchObject({ ms: rows[at]!.ms, line: at + 2 });
    }
  });

  test("vLLM's forward-pass metrics, with Windows' line ends; what cannot be used is counted", () => {
    const lines = [
      FPM,
      "context,128,1,0,0,0,0,17.111",
      "decode,0,0,0,2,2,8200,13.3",
      "decode,0,0,0,8,2,8200,19.3",
      "idle,0,0,0,0,0,0,0.4",
      "decode,0,0,0,6,2,8200,19.3",
    ];
    const { format, rows, dropped, lines: read5 } = read(lines.join("\r\n"));
    expect(format).toBe("vllm-fpm");
    expect(rows.map(({ line, ms }) => [line, ms])).toEqual([
      [2, 17.111],
      [3, 13.3],
    ]);
    expect(rows[0]).toMatchObject({ prefills: 1, prefillPairs: 8_256, decodes: 0 });
    expect(read5).toBe(5);
    expect(dropped).toEqual([
      {
        reason: "several tokens per decoding sequence (speculative decoding)",
        rows: 2,
        firstLine: 4,
      },
      { reason: "nothing was computed", rows: 1, firstLine: 5 },
    ]);
  });

  test("sums of operators, of the GPU that was asked for however it is written", () => {
    const text = [
      SUMS,
      "h100_sxm,Llama-3.1-8B,1,decode,4,512,6,1,7",
      "h100_sxm,Llama-3.1-8B,1,prefill,1,100,6,1,7.5",
      "l40s,Llama-3.1-8B,1,decode,4,512,20,1,21",
    ].join("\n");
    const { rows, subject, chosen } = read(text, { gpu: "H100-SXM" });
    expect(subject).toEqual({ model: "llama-3.1-8b", gpu: "h100-sxm", tensorParallel: "1" });
    expect(chosen).toBe(2);
    expect(rows).toMatchObject([
      { decodes: 4, contextTokens: 2048, ms: 7 },
      { prefills: 1, prefillTokens: 100, prefillPairs: 5050, ms: 7.5 },
    ]);
  });

  test("runs of splitwise-sim: a prompt, and a decode step of the mean context", () => {
    // 30 ms a token, 930 ms in all, 30 for the prompts: 30 tokens, of which the last reads 512 + 30.
    const { rows } = read(`${SPLITWISE}\nllama2-70b,h100-80gb,512,2,128,30,30,930,8\n`);
    expect(rows).toEqual([
      {
        prefills: 2,
        prefillTokens: 1024,
        prefillPairs: 512 * 513,
        decodes: 0,
        contextTokens: 0,
        ms: 30,
        line: 2,
      },
      {
        prefills: 0,
        prefillTokens: 0,
        prefillPairs: 0,
        decodes: 2,
        contextTokens: 2 * 512 + 31,
        ms: 30,
        line: 2,
      },
    ]);
  });
});

describe("tables that cannot be read", () => {
  test.each<readonly [string, string, Asked, RegExp]>([
    ["an empty file", "", {}, /^steps\.csv: the file is empty/],
    [
      "another table",
      "a,b\n1,2\n",
      {},
      /none of the known tables has these columns: a, b; expected prefill_requests/,
    ],
    [
      "a misspelt column",
      OWN.replace("prefill_context_tokens", "prefill_contxt_tokens"),
      {},
      /of a tenantry table, prefill_context_tokens is missing; is prefill_contxt_tokens meant/,
    ],
    ["torn quotes", `${OWN}\n"1,2\n`, {}, /^steps\.csv: not a table in CSV/],
    [
      "several GPUs, none named",
      `${SUMS}\na100,m,1,decode,1,1,1,1,2\nl40s,m,1,decode,1,1,1,1,2`,
      {},
      /gpu is a100, l40s: a profile is of one; name it with --gpu/,
    ],
    [
      "a GPU that is not there",
      `${SUMS}\nh100_sxm,m,1,decode,1,1,1,1,2`,
      { gpu: "h100-smx" },
      /no line has gpu h100-smx: expected h100_sxm; did you mean h100-sxm\?/,
    ],
    [
      "a negative time",
      `${OWN}\n0,0,0,1,9,8\n0,0,0,1,9,-8`,
      {},
      /^steps\.csv:3: latency_ms is -8: expected a time in milliseconds, above 0/,
    ],
    ["no time", `${OWN}\n0,0,0,1,9,`, {}, /^steps\.csv:2: latency_ms is empty/],
    ["a time in words", `${OWN}\n0,0,0,1,9,fast`, {}, /:2: latency_ms is fast: expected a time/],
    [
      "a short line",
      `${OWN}\n0,0,0,1`,
      {},
      /:2: decode_context_tokens is empty: expected a number/,
    ],
    [
      "a negative count",
      `${OWN}\n0,0,0,-1,9,8`,
      {},
      /:2: decode_requests is -1: expected a number, 0 or more/,
    ],
    [
      "another phase",
      `${SUMS}\na100,m,1,mixed,1,1,1,1,2`,
      {},
      /:2: phase is mixed: expected prefill or decode/,
    ],
  ])("%s", (_what, text, asked, message) => {
    expect(() => read(text, asked)).toThrow(message);
  });

  test("five mistakes are named, the others counted", () => {
    const bad = Array.from({ length: 8 }, () => "0,0,0,1,9,0").join("\n");
    expect(() => read(`${OWN}\n${bad}`)).toThrow(
      /^(steps\.csv:\d: latency_ms is 0.*\n){5}and 3 more lines like these\nCorrect them, or leave them out with --skip-bad-rows\.$/,
    );
  });

  test("mistakes may be left out, and are counted", () => {
    const { rows, dropped } = read(`${OWN}\n0,0,0,1,9,8\n0,0,0,1,9,-8\n\n0,0,0,1,9,x\n`, {
      skipBadRows: true,
    });
    expect(rows).toHaveLength(1);
    expect(dropped).toEqual([{ reason: "not what the format says", rows: 2, firstLine: 3 }]);
  });
});

describe("what could be read in two ways", () => {
  test("a column that is there twice is refused", () => {
    expect(() => read(`${OWN},latency_ms\n0,0,0,4,400,5,1\n`)).toThrow(
      /^steps\.csv:1: latency_ms is there more than once: rename or remove all but the one/,
    );
  });

  test("a column that nobody reads may be there twice", () => {
    expect(read(`${OWN},note,note\n0,0,0,4,400,5,a,b\n`).rows).toHaveLength(1);
  });

  test("half a request is a mistake, half a token a mean", () => {
    expect(() => read(`${OWN}\n0.5,100,0,0,0,12.5\n`)).toThrow(
      /^steps\.csv:2: prefill_requests is 0\.5: expected a whole number/,
    );
    expect(read(`${OWN}\n1,100.5,0,0,0,12.5\n`).rows).toHaveLength(1);
  });
});
