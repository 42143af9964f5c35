/**
 * A data folder as load tests of real engines leave it, made by our own simulator: step times have constants that are known here, so
 * what the replay must say of them is known as well. Short runs, so that a test takes seconds.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { MeasuredRun, Observed } from "../../../fidelity/measured.ts";
import { predict } from "../../../fidelity/predict.ts";
import { poolScenario } from "../../../fidelity/scenario-of.ts";
import { readerOf, scheduleOf } from "../../../fidelity/schedule.ts";
import { affineStepModel } from "../../../src/replica/affine.ts";
import type { StepModel } from "../../../src/replica/step-model.ts";
import { runSimulation, type RequestRecord } from "../../../src/sim/simulate.ts";

/** The truth of the made runs, or all of it `factor` times as slow. */
export function stepModel(factor = 1): StepModel {
  return affineStepModel({
    fixedPs: factor * 8e9,
    perSequencePs: factor * 50e6,
    perTokenPs: factor * 20e6,
    contextTokenPs: factor * 20_000,
  });
}

export const RUN: MeasuredRun = {
  name: "",
  model: "meta-llama/Llama-2-7b-hf",
  gpu: "h100-sxm",
  precision: "bf16",
  tensorParallel: 1,
  dataParallel: 1,
  maxNumSeqs: 128,
  maxNumBatchedTokens: 2048,
  gpuMemoryUtilization: 0.9,
  hasCpuOffload: false,
  workload: "codegen",
  systemPromptTokens: 100,
  promptTokens: 566,
  outputTokens: 120,
  stages: [
    { ratePerS: 4, seconds: 100 },
    { ratePerS: 10, seconds: 100 },
  ],
  requests: undefined,
  observed: [{ stage: undefined, latencies: { ttft: {}, e2e: {}, tpot: {} } }],
  kvBlocks: undefined,
  isOverload: false,
};

/** A load test whose arrivals nobody recorded: they are drawn under another name than that of the file. */
const LOAD_TEST: MeasuredRun = {
  ...RUN,
  name: "drawn elsewhere",
  model: "mistralai/Mixtral-8x7B-v0.1",
  tensorParallel: 2,
  observed: [undefined, 0, 1].map((stage) => ({ ...RUN.observed[0]!, stage })),
};

const RECORDED: MeasuredRun = { ...RUN, name: "20260101-000000-llama-2-7b-tp1-codegen" };

/** So many more requests per second than the batch can take that most clients give up. */
const OVERLOADED: MeasuredRun = {
  ...RUN,
  name: "20260101-000001-llama-2-7b-tp1-reasoning",
  workload: "reasoning",
  outputTokens: 1448,
  maxNumSeqs: 8,
  stages: [{ ratePerS: 2, seconds: 350 }],
};

const LOAD_TEST_COLUMNS =
  "exp_folder,gpu,model,precision,tp,dp,max_num_batched_tokens,cpu_offload,gpu_mem_util,workload,system_prompt_len,question_len,output_len,n_system_prompts,users_per_prompt,stage,rate_rps,duration_s,rate_note,ttft_mean,ttft_p90,ttft_p99,itl_mean,e2e_mean,e2e_p90,e2e_p99";
const EXPERIMENT_COLUMNS =
  "experiment,model,gpu,tp,max_num_seqs,max_num_batched_tokens,kv_blocks_total_gpu,stages,system_prompt_len,question_len,output_len,n_failed,req_per_s";

export function makeData(folder: string): void {
  const { observed } = predict(LOAD_TEST, { stepModel: stepModel() });
  const rows = observed.map((one) => loadTestRow("1-mixtral-8x7b-tp2-codegen", LOAD_TEST, one));
  const [whole] = observed;
  const lost = loadTestRow("2-mixtral-8x7b-tp2-codegen", LOAD_TEST, whole!, "RATE RATIO MISMATCH");
  const stranger = loadTestRow("3-nobody-tp1-codegen", { ...LOAD_TEST, model: "no/Body" }, whole!);
  writeFileSync(
    join(folder, "h100_vllm_load_tests.csv"),
    [LOAD_TEST_COLUMNS, ...rows, lost, stranger].join("\n"),
  );
  const requests = join(folder, "h100_vllm_requests");
  mkdirSync(requests);
  const experiments = [RECORDED, OVERLOADED].map((run) => recordRun(requests, run));
  writeFileSync(join(requests, "experiments.csv"), [EXPERIMENT_COLUMNS, ...experiments].join("\n"));
}

function loadTestRow(
  name: string,
  run: MeasuredRun,
  { stage, latencies: { ttft, e2e } }: Observed,
  note = "rate ratio verified",
): string {
  const part = stage === undefined ? undefined : run.stages[stage];
  const question = run.promptTokens - run.systemPromptTokens;
  return [
    name,
    "H100",
    run.model,
    "FP16",
    run.tensorParallel,
    "",
    run.maxNumBatchedTokens,
    "",
    "",
    run.workload,
    run.systemPromptTokens,
    question,
    run.outputTokens,
    11,
    4,
    stage ?? -1,
    part?.ratePerS ?? "",
    part?.seconds ?? "",
    note,
    ttft.mean,
    ttft.p90,
    ttft.p99,
    0,
    e2e.mean,
    e2e.p90,
    e2e.p99,
  ].join(",");
}

/** Simulates the run and writes its requests; returns its row of experiments.csv. */
function recordRun(folder: string, run: MeasuredRun): string {
  const { records, endNs } = simulated(run);
  const byArrival = records.toSorted((a, b) => a.sent.arrival.timeNs - b.sent.arrival.timeNs);
  const lines = byArrival.map(({ sent, request, outcome, nowNs }, index) => {
    const { timeNs, promptTokens } = sent.arrival;
    if (outcome !== "completed") return [index, timeNs / 1000, 0, 0, 1, "", ""].join(",");
    const ttftMs = (request!.firstTokenNs - timeNs) / 1e6;
    const e2eMs = (nowNs - timeNs) / 1e6;
    return [index, timeNs / 1000, promptTokens, 7, 0, ttftMs, e2eMs].join(",");
  });
  const columns = "index,arrival_us,input_tokens,output_tokens,has_error,ttft_ms,e2e_ms";
  writeFileSync(join(folder, `${run.name}.csv.gz`), gzipSync([columns, ...lines].join("\n")));
  const failed = records.filter(({ outcome }) => outcome !== "completed").length;
  const stages = run.stages
    .map(({ ratePerS, seconds }) => `${ratePerS}rps x ${seconds}s`)
    .join(";");
  const question = run.promptTokens - run.systemPromptTokens;
  const throughput = ((records.length - failed) / endNs) * 1e9;
  return [
    run.name,
    run.model,
    "H100-80GB-SXM",
    run.tensorParallel,
    run.maxNumSeqs,
    run.maxNumBatchedTokens,
    7462,
    stages,
    run.systemPromptTokens,
    question,
    run.outputTokens,
    failed,
    throughput,
  ].join(",");
}

function simulated(run: MeasuredRun): { records: RequestRecord[]; endNs: number } {
  const scenario = poolScenario(run);
  const { platform } = scenario;
  const pools = platform.pools.map((pool) => ({ ...pool, stepModel: stepModel() }));
  const records: RequestRecord[] = [];
  const { endNs } = runSimulation(
    { ...scenario, platform: { ...platform, pools } },
    {
      openTrace: () => readerOf(scheduleOf(run, 1)),
      onRequest: (record) => records.push(record),
    },
  );
  return { records, endNs };
}
