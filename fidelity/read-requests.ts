/**
 * Runs with single requests (h100_vllm_requests): experiments.csv says what was served and how, one file per run holds arrivals,
 * TTFT and E2E. The recorded output lengths are re-tokenised text and say nothing about the time taken (the folder's
 * README, caveat 1): every answer has the configured length, for the runs ignored end-of-sequence.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { InputError } from "../src/cli/exit-codes.ts";
import { latenciesOf, type Seen } from "./latencies.ts";
import type { Excluded, MeasuredRequest, MeasuredRun, Observed, Stage } from "./measured.ts";
import { gpuOf, modelOf } from "./models.ts";
import { orReason, type Row, rowsOf } from "./rows.ts";

export const REQUESTS_FOLDER = "h100_vllm_requests";

/** More failures than this: clients gave up because queues grew. */
const OVERLOAD_FAILURES = 0.0005;

export function readRequestRuns(folder: string): { runs: MeasuredRun[]; excluded: Excluded[] } {
  const base = join(folder, REQUESTS_FOLDER);
  const index = join(base, "experiments.csv");
  const runs: MeasuredRun[] = [];
  const excluded: Excluded[] = [];
  if (!existsSync(index)) return { runs, excluded };
  for (const row of rowsOf(index, readFileSync(index))) {
    const run = row.text("experiment");
    const read = orReason(() => {
      const rows = rowsOf(run, bytesOf(join(base, `${run}.csv.gz`)));
      return runOf(row, requestsOf(rows, row.number("output_len")));
    });
    if (typeof read === "string") excluded.push({ run, reason: read });
    else runs.push(read);
  }
  return { runs, excluded };
}

/** Fails: InputError where there is no such file, or it is not gzipped. */
function bytesOf(file: string): Buffer {
  if (!existsSync(file)) throw new InputError("its file of requests is missing");
  try {
    return gunzipSync(readFileSync(file));
  } catch (error) {
    throw new InputError(`${file} cannot be read: expected a gzipped CSV`, { cause: error });
  }
}

function requestsOf(rows: readonly Row[], outputTokens: number): MeasuredRequest[] {
  return rows.map((row) => {
    const hasFailed = row.text("has_error") !== "0";
    const promptTokens = row.number("input_tokens");
    return {
      arrivalNs: Math.round(row.number("arrival_us") * 1000),
      promptTokens: promptTokens > 0 ? promptTokens : undefined,
      seen: hasFailed
        ? undefined
        : { ttftMs: row.number("ttft_ms"), e2eMs: row.number("e2e_ms"), outputTokens },
    };
  });
}

function runOf(row: Row, requests: readonly MeasuredRequest[]): MeasuredRun {
  const system = row.number("system_prompt_len");
  const stages = stagesOf(row.text("stages"));
  return {
    name: row.text("experiment"),
    model: modelOf(row.text("model")),
    gpu: gpuOf(row.text("gpu")),
    // Neither this nor offloading is in the file; every model in it is published in 16 bits.
    precision: "bf16",
    tensorParallel: row.number("tp"),
    dataParallel: 1,
    maxNumSeqs: row.number("max_num_seqs"),
    maxNumBatchedTokens: row.number("max_num_batched_tokens"),
    gpuMemoryUtilization: 0.9,
    hasCpuOffload: false,
    workload: row.text("experiment").split("-").at(-1)!,
    systemPromptTokens: system,
    promptTokens: system + row.number("question_len"),
    outputTokens: row.number("output_len"),
    stages,
    requests,
    observed: observedOf(requests, stages, row.number("req_per_s")),
    kvBlocks: row.number("kv_blocks_total_gpu"),
    isOverload: row.number("n_failed") > OVERLOAD_FAILURES * requests.length,
  };
}

function stagesOf(text: string): Stage[] {
  return text.split(";").map((part) => {
    const found = /^([\d.]+)rps x ([\d.]+)s$/u.exec(part);
    if (found === null) {
      throw new InputError(`stages '${text}': expected something like '5rps x 600s;10rps x 600s'`);
    }
    return { ratePerS: Number(found[1]), seconds: Number(found[2]) };
  });
}

/** The load generator sends rate x seconds requests in each stage. */
function observedOf(
  requests: readonly MeasuredRequest[],
  stages: readonly Stage[],
  throughputPerS: number,
): Observed[] {
  const whole = { stage: undefined, latencies: latenciesOf(seenOf(requests)), throughputPerS };
  let first = 0;
  const parts = stages.map(({ ratePerS, seconds }, stage) => {
    const count = Math.round(ratePerS * seconds);
    const part = requests.slice(first, first + count);
    first += count;
    return { stage, latencies: latenciesOf(seenOf(part)) };
  });
  return [whole, ...parts.filter(() => stages.length > 1)];
}

function seenOf(requests: readonly MeasuredRequest[]): Seen[] {
  return requests.flatMap(({ seen }) => seen ?? []);
}
