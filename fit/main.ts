/**
 * `npm run fit -- --data FOLDER [--loads FOLDER]`: refits every constant of the step-time model from public measurements
 * (profiles, and load tests below saturation) and prints it with its error, on what it was fitted to, on GPUs and models left
 * out, and of what is shipped. Writes nothing: constants go into src/replica/step-time/shares.ts by hand, with their source.
 */
import { parseArgs } from "node:util";
import type { MeasuredRun } from "../fidelity/measured.ts";
import { readData } from "../fidelity/read-data.ts";
import { EXIT, InputError } from "../src/cli/exit-codes.ts";
import { ENGINE_OVERHEADS, type EngineOverheads } from "../src/replica/step-time/shares.ts";
import { type UnevenShares, kernelShares } from "../src/replica/step-time/shares.ts";
import { addedPsOf, firstPrompts } from "./first-prompts.ts";
import type { Launches } from "./launches.ts";
import { fitLoadTests } from "./load-tests.ts";
import type { Errors } from "./minimise.ts";
import { fitOperators, type OperatorFit } from "./operators.ts";
import { RULES, unevenLoadTests, unevenStepErrors } from "./uneven.ts";
import {
  composedStepErrors,
  fitWholeSteps,
  type MeasuredStep,
  readWholeSteps,
  wholeStepErrors,
} from "./whole-steps.ts";

const USAGE = "npm run fit -- --data FOLDER [--loads FOLDER], of profiles and of load tests";

const LAUNCHES: readonly Launches[] = [
  ...[0, 60e6, 110e6, 160e6].map((ps) => ({ kind: "added", ps }) as const),
  ...[200e6, 400e6].map((ps) => ({ kind: "atLeast", ps }) as const),
];

function main(): void {
  const { values } = parseArgs({
    options: { data: { type: "string" }, loads: { type: "string" } },
  });
  const { data, loads } = values;
  if (data === undefined) throw new InputError(`give the folder of profiles: ${USAGE}`);
  const operators = fitOperators(data);
  const steps = readWholeSteps(data);
  const runs = loads === undefined ? [] : readData(loads).runs;
  if (operators.length === 0 && steps.length === 0) {
    throw new InputError(
      `no profiles in ${data}: expected aiconfigurator_ops or vllm_fpm_whole_step; ${USAGE}`,
    );
  }
  if (loads !== undefined && runs.length === 0) {
    throw new InputError(`no load tests in ${loads}: npm run fidelity says why`);
  }
  printOperators(operators);
  console.log("\nSTEPS COMPOSED FROM THE TABLES against the model without its engine, as shipped");
  print(composedStepErrors(data));
  const elsewhere = printLoadTests(runs);
  if (steps.length > 0) printWholeSteps(steps, elsewhere);
}

function printOperators(operators: readonly OperatorFit[]): void {
  console.log("OPERATORS: error with constants of all GPUs, of this GPU, of the other GPUs");
  for (const { operator, gpu, constants, fitted, own, unseen, shipped } of operators) {
    const named = constants.map((name, index) => `${name} ${shown(name, fitted[index]!)}`);
    console.log(
      `${operator}, ${gpu}: ${named.join(", ")}: ${percent(own)}; unseen ${percent(unseen)}`,
    );
    for (const [range, error] of shipped) console.log(`  as shipped, ${range}: ${percent(error)}`);
  }
}

/** Returns what load tests say of the engine: nothing of it has seen a whole step. */
function printLoadTests(runs: readonly MeasuredRun[]): EngineOverheads | undefined {
  const fitted = fitLoadTests(runs);
  if (fitted === undefined) return undefined;
  const { layerPs, together } = fitted;
  console.log(
    `\nLOAD TESTS below saturation, TPOT of ${fitted.stages} stages: layerPs ${shown("layerPs", layerPs)}`,
  );
  console.log(
    `fitted together: layerPs ${shown("layerPs", together.layerPs)}, pieceLayerPs ${shown("pieceLayerPs", together.pieceLayerPs)}`,
  );
  console.log(`fitted to all: ${percent(fitted.own)}`);
  console.log(`each model from others and from tables: ${percent(fitted.unseen)}`);
  print(fitted.byModel);
  const eagerLayerPs = printFirstPrompts(runs);
  console.log(
    `\nFULL BATCHES of overloaded load tests, TPOT under ${RULES.map(ruleText).join("; ")}`,
  );
  for (const { run, errors, share } of unevenLoadTests(runs)) {
    const byRule = errors.map((error) => `${(100 * error).toFixed(1)} %`).join(", ");
    console.log(`  ${run}: ${byRule}; asks for a share of ${share.toFixed(2)}`);
  }
  return { ...ENGINE_OVERHEADS, ...together, eagerLayerPs };
}

function printFirstPrompts(runs: readonly MeasuredRun[]): number {
  const found = firstPrompts(runs, LAUNCHES);
  const forms = LAUNCHES.map(({ kind, ps }) => `${kind === "added" ? "+" : ">="} ${ps / 1e6}`);
  console.log(
    `\nFIRST PROMPTS, computed whole, TTFT beyond that of later ones, ms: measured; with us a layer ${forms.join(", ")}`,
  );
  for (const { model, run, measuredMs, predictedMs } of found) {
    const predicted = predictedMs.map((ms) => ms.toFixed(1)).join(", ");
    console.log(`  ${model}, ${run}: ${measuredMs.toFixed(1)}; ${predicted}`);
  }
  const eagerLayerPs = addedPsOf(found, LAUNCHES);
  console.log(`met with eagerLayerPs ${shown("eagerLayerPs", eagerLayerPs)}`);
  return eagerLayerPs;
}

function printWholeSteps(
  steps: readonly MeasuredStep[],
  elsewhere: EngineOverheads | undefined,
): void {
  console.log(
    "\nWHOLE STEPS of vLLM 0.20.1, Qwen3-32B: kernels of the operator tables, which have neither GPU nor model",
  );
  if (elsewhere !== undefined) {
    console.log(
      "and engine of the load tests: nothing has seen these steps but the bound of uneven contexts",
    );
    print(wholeStepErrors(steps, kernelShares(undefined), elsewhere));
  }
  console.log("and engine as shipped, of which prompts' launches have seen these steps");
  print(wholeStepErrors(steps, kernelShares(undefined)));
  console.log("the same, decode steps, under each rule for uneven contexts");
  for (const [rule, error] of unevenStepErrors(steps))
    console.log(`  ${ruleText(rule)}: ${percent(error)}`);
  console.log("kernels and engine as shipped");
  print(wholeStepErrors(steps, kernelShares("blackwell")));
  for (const kind of ["added", "atLeast"] as const) {
    const { shares, overheads, errors } = fitWholeSteps(steps, kind);
    const form = kind === "added" ? "added" : "the least a layer takes";
    console.log(`refitted, launches ${form}: ${JSON.stringify({ ...shares, ...overheads })}`);
    print(errors);
  }
}

function ruleText({ share, most }: UnevenShares): string {
  return `${share} of the gap, at most ${most} of the sum`;
}

function print(errors: ReadonlyMap<string, Errors>): void {
  for (const [name, error] of errors) console.log(`  ${name}: ${percent(error)}`);
}

function percent(error: Errors | undefined): string {
  if (error === undefined) return "none";
  const [mean, median, bias] = [error.mean, error.median, error.bias].map((value) =>
    (100 * value).toFixed(1),
  );
  return `mean ${mean} % (median ${median}, bias ${bias}) of ${error.rows}`;
}

function shown(name: string, value: number): string {
  return name.endsWith("Ps") ? `${(value / 1e6).toFixed(2)} us` : value.toFixed(3);
}

try {
  main();
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  process.exitCode = EXIT.badInput;
}
