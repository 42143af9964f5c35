/**
 * Load tests known by their statistics alone (h100_vllm_load_tests.csv): a row for the whole run and one per stage. TPOT is
 * taken from mean E2E, mean TTFT and the configured output length, for the file's own column divides by re-tokenised lengths.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../src/cli/exit-codes.ts";
import type { Excluded, Latencies, MeasuredRun, Observed, Stage } from "./measured.ts";
import { gpuOf, modelOf } from "./models.ts";
import { orReason, type Row, rowsOf } from "./rows.ts";

export const LOAD_TESTS_FILE = "h100_vllm_load_tests.csv";

/** Of every run whose setting was recorded (experiments.csv); the load tests are of the same campaign. */
const MAX_NUM_SEQS = 128;
/** vLLM's default, which the recorded settings repeat. */
const GPU_MEMORY_UTILIZATION = 0.9;
/** A mean wait for the first token above this is a queue that grows (the others are below 0.2 s). */
const OVERLOAD_TTFT_MS = 10_000;

export function readLoadTests(folder: string): { runs: MeasuredRun[]; excluded: Excluded[] } {
  const file = join(folder, LOAD_TESTS_FILE);
  if (!existsSync(file)) return { runs: [], excluded: [] };
  const rows = rowsOf(file, readFileSync(file));
  if (rows.length === 0) {
    throw new InputError(
      `${file} has no rows: expected a header (exp_folder, gpu, model, ...) and a row per stage, see docs/fidelity.md`,
    );
  }
  const runs: MeasuredRun[] = [];
  const excluded: Excluded[] = [];
  for (const [run, part] of Map.groupBy(rows, (row) => row.text("exp_folder"))) {
    const read = orReason(() => reasonToExclude(part[0]!) ?? runOf(run, part));
    if (typeof read === "string") excluded.push({ run, reason: read });
    else runs.push(read);
  }
  return { runs, excluded };
}

/** Why a run cannot be matched; undefined where it can. */
function reasonToExclude(row: Row): string | undefined {
  const note = row.text("rate_note");
  if (!note.startsWith("RATE RATIO MISMATCH")) return undefined;
  return `requests were lost and the rates cannot be told (${note})`;
}

function runOf(name: string, rows: readonly Row[]): MeasuredRun {
  const row = rows[0]!;
  const outputTokens = row.number("output_len");
  const system = row.number("system_prompt_len");
  const stages: Stage[] = rows
    .filter((one) => one.text("stage") !== "-1")
    .map((one) => ({ ratePerS: one.number("rate_rps"), seconds: one.number("duration_s") }));
  const observed: Observed[] = rows
    .filter((one) => one.text("stage") === "-1" || stages.length > 1)
    .map((one) => ({
      stage: one.text("stage") === "-1" ? undefined : one.number("stage"),
      latencies: latenciesOfRow(one, outputTokens),
    }));
  return {
    name,
    model: modelOf(row.text("model")),
    gpu: gpuOf(row.text("gpu")),
    precision: row.text("precision") === "FP8" ? "fp8" : "bf16",
    tensorParallel: row.number("tp"),
    dataParallel: row.numberOr("dp", 1),
    maxNumSeqs: MAX_NUM_SEQS,
    maxNumBatchedTokens: row.number("max_num_batched_tokens"),
    gpuMemoryUtilization: row.numberOr("gpu_mem_util", GPU_MEMORY_UTILIZATION),
    hasCpuOffload: row.text("cpu_offload") === "True",
    workload: row.text("workload"),
    systemPromptTokens: system,
    promptTokens: system + row.number("question_len"),
    outputTokens,
    stages,
    requests: undefined,
    observed,
    kvBlocks: undefined,
    isOverload: row.number("ttft_mean") > OVERLOAD_TTFT_MS,
  };
}

function latenciesOfRow(row: Row, outputTokens: number): Latencies {
  const of = (metric: string) => ({
    mean: row.number(`${metric}_mean`),
    p90: row.number(`${metric}_p90`),
    p99: row.number(`${metric}_p99`),
  });
  const [ttft, e2e] = [of("ttft"), of("e2e")];
  return { ttft, e2e, tpot: { mean: (e2e.mean - ttft.mean) / (outputTokens - 1) } };
}
