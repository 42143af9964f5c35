/**
 * Load tests known by their statistics alone (h100_vllm_load_tests.csv): a row for the whole run and one per stage. TPOT is
 * taken from mean E2E, mean TTFT and the configured output length, for the file's own column divides by re-tokenised lengths.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { Excluded, Latencies, MeasuredRun, Observed, Stage } from "./measured.ts";
import { gpuOf } from "./models.ts";

type Row = Readonly<Record<string, string>>;

/** Of every run whose setting was recorded (experiments.csv); the load tests are of the same campaign. */
const MAX_NUM_SEQS = 128;
/** vLLM's default, which the recorded settings repeat. */
const GPU_MEMORY_UTILIZATION = 0.9;
/** A mean wait for the first token above this is a queue that grows (the others are below 0.2 s). */
const OVERLOAD_TTFT_MS = 10_000;

export function readLoadTests(folder: string): { runs: MeasuredRun[]; excluded: Excluded[] } {
  const file = join(folder, "h100_vllm_load_tests.csv");
  if (!existsSync(file)) return { runs: [], excluded: [] };
  const rows: Row[] = parse(readFileSync(file), { columns: true });
  const runs: MeasuredRun[] = [];
  const excluded: Excluded[] = [];
  for (const [run, part] of Map.groupBy(rows, (row) => row["exp_folder"]!)) {
    const reason = reasonToExclude(part[0]!);
    if (reason === undefined) runs.push(runOf(run, part));
    else excluded.push({ run, reason });
  }
  return { runs, excluded };
}

/** Why a run cannot be matched; undefined where it can. */
function reasonToExclude(row: Row): string | undefined {
  const note = row["rate_note"]!;
  if (!note.startsWith("RATE RATIO MISMATCH")) return undefined;
  return `requests were lost and the rates cannot be told (${note})`;
}

function runOf(name: string, rows: readonly Row[]): MeasuredRun {
  const row = rows[0]!;
  const outputTokens = Number(row["output_len"]);
  const system = Number(row["system_prompt_len"]);
  const stages: Stage[] = rows
    .filter(({ stage }) => stage !== "-1")
    .map((one) => ({ ratePerS: Number(one["rate_rps"]), seconds: Number(one["duration_s"]) }));
  const observed: Observed[] = rows
    .filter(({ stage }) => stage === "-1" || stages.length > 1)
    .map((one) => ({
      stage: one["stage"] === "-1" ? undefined : Number(one["stage"]),
      latencies: latenciesOfRow(one, outputTokens),
    }));
  return {
    name,
    model: row["model"]!,
    gpu: gpuOf(row["gpu"]!),
    precision: row["precision"] === "FP8" ? "fp8" : "bf16",
    tensorParallel: Number(row["tp"]),
    dataParallel: Number(row["dp"]) || 1,
    maxNumSeqs: MAX_NUM_SEQS,
    maxNumBatchedTokens: Number(row["max_num_batched_tokens"]),
    gpuMemoryUtilization: Number(row["gpu_mem_util"]) || GPU_MEMORY_UTILIZATION,
    hasCpuOffload: row["cpu_offload"] === "True",
    workload: row["workload"]!,
    systemPromptTokens: system,
    promptTokens: system + Number(row["question_len"]),
    outputTokens,
    stages,
    requests: undefined,
    observed,
    kvBlocks: undefined,
    isOverload: Number(row["ttft_mean"]) > OVERLOAD_TTFT_MS,
  };
}

function latenciesOfRow(row: Row, outputTokens: number): Latencies {
  const of = (metric: string) => ({
    mean: Number(row[`${metric}_mean`]),
    p90: Number(row[`${metric}_p90`]),
    p99: Number(row[`${metric}_p99`]),
  });
  const [ttft, e2e] = [of("ttft"), of("e2e")];
  return { ttft, e2e, tpot: { mean: (e2e.mean - ttft.mean) / (outputTokens - 1) } };
}
