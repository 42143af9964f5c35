/**
 * Runs with single requests (h100_vllm_requests): experiments.csv says what was served and how, one file per run holds arrivals,
 * TTFT and E2E. The recorded output lengths are re-tokenised text and say nothing about the time taken (the folder's
 * README, caveat 1): every answer has the configured length, for the runs ignored end-of-sequence.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { latenciesOf, type Seen } from "./latencies.ts";
import type { MeasuredRequest, MeasuredRun, Observed, Stage } from "./measured.ts";
import { gpuOf } from "./models.ts";

type Row = Readonly<Record<string, string>>;

/** More failures than this: clients gave up because queues grew. */
const OVERLOAD_FAILURES = 0.0005;

interface Recorded extends MeasuredRequest {
  /** Undefined: it failed. */
  readonly seen: Seen | undefined;
}

export function readRequestRuns(folder: string): MeasuredRun[] {
  const base = join(folder, "h100_vllm_requests");
  const index = join(base, "experiments.csv");
  if (!existsSync(index)) return [];
  return rowsOf(readFileSync(index)).map((row) => {
    const outputTokens = Number(row["output_len"]);
    const file = join(base, `${row["experiment"]}.csv.gz`);
    return runOf(row, requestsOf(rowsOf(gunzipSync(readFileSync(file))), outputTokens));
  });
}

function rowsOf(bytes: Buffer): Row[] {
  return parse(bytes, { columns: true });
}

function requestsOf(rows: readonly Row[], outputTokens: number): Recorded[] {
  return rows.map((row) => {
    const hasFailed = row["has_error"] !== "0";
    const promptTokens = Number(row["input_tokens"]);
    return {
      arrivalNs: Math.round(Number(row["arrival_us"]) * 1000),
      promptTokens: promptTokens > 0 ? promptTokens : undefined,
      seen: hasFailed
        ? undefined
        : { ttftMs: Number(row["ttft_ms"]), e2eMs: Number(row["e2e_ms"]), outputTokens },
    };
  });
}

function runOf(row: Row, requests: readonly Recorded[]): MeasuredRun {
  const system = Number(row["system_prompt_len"]);
  const stages = stagesOf(row["stages"]!);
  return {
    name: row["experiment"]!,
    model: row["model"]!,
    gpu: gpuOf(row["gpu"]!),
    precision: "bf16",
    tensorParallel: Number(row["tp"]),
    dataParallel: 1,
    maxNumSeqs: Number(row["max_num_seqs"]),
    maxNumBatchedTokens: Number(row["max_num_batched_tokens"]),
    gpuMemoryUtilization: 0.9,
    hasCpuOffload: true,
    workload: row["experiment"]!.split("-").at(-1)!,
    systemPromptTokens: system,
    promptTokens: system + Number(row["question_len"]),
    outputTokens: Number(row["output_len"]),
    stages,
    requests,
    observed: observedOf(requests, stages, Number(row["req_per_s"])),
    kvBlocks: Number(row["kv_blocks_total_gpu"]),
    isOverload: Number(row["n_failed"]) > OVERLOAD_FAILURES * requests.length,
  };
}

/** "5rps x 600s;10rps x 600s" */
function stagesOf(text: string): Stage[] {
  return text.split(";").map((part) => {
    const [, rate, seconds] = /^([\d.]+)rps x ([\d.]+)s$/u.exec(part)!;
    return { ratePerS: Number(rate), seconds: Number(seconds) };
  });
}

/** The load generator sends rate x seconds requests in each stage. */
function observedOf(
  requests: readonly Recorded[],
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

function seenOf(requests: readonly Recorded[]): Seen[] {
  return requests.flatMap(({ seen }) => seen ?? []);
}
