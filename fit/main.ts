/**
 * `npm run fit -- --data FOLDER [--loads FOLDER]`: refits every constant of the step-time model from public measurements
 * (profiles, and load tests below saturation) and prints it with its error, on what it was fitted to and on GPUs and
 * models left out. Writes nothing: constants go into src/replica/step-time/shares.ts by hand, with their source.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { readData } from "../fidelity/read-data.ts";
import { type UnevenShares, kernelShares } from "../src/replica/step-time/shares.ts";
import { fitLoadTests } from "./load-tests.ts";
import type { Errors } from "./minimise.ts";
import { fitOperators } from "./operators.ts";
import { RULES, unevenLoadTests, unevenStepErrors } from "./uneven.ts";
import {
  composedStepErrors,
  fitWholeSteps,
  readWholeSteps,
  wholeStepErrors,
} from "./whole-steps.ts";

const { values } = parseArgs({ options: { data: { type: "string" }, loads: { type: "string" } } });
if (values.data === undefined || !existsSync(values.data)) {
  console.error(
    "usage: npm run fit -- --data FOLDER [--loads FOLDER], of profiles and of load tests",
  );
  process.exit(2);
}

console.log("OPERATORS: error with constants of all GPUs, of this GPU, of the other GPUs");
for (const { operator, gpu, constants, fitted, own, unseen, shipped } of fitOperators(
  values.data,
)) {
  const named = constants.map((name, index) => `${name} ${shown(name, fitted[index]!)}`);
  console.log(
    `${operator}, ${gpu}: ${named.join(", ")}: ${percent(own)}; unseen ${percent(unseen)}`,
  );
  for (const [range, error] of shipped) console.log(`  as shipped, ${range}: ${percent(error)}`);
}

console.log("\nSTEPS COMPOSED FROM THE TABLES against the model without its engine, as shipped");
print(composedStepErrors(values.data));

const steps = readWholeSteps(values.data);
if (steps.length > 0) {
  console.log(
    "\nWHOLE STEPS of vLLM 0.20.1, Qwen3-32B: constants of the operator tables, which have neither GPU nor model",
  );
  print(wholeStepErrors(steps, kernelShares(undefined)));
  console.log("the same, decode steps, under each rule for uneven contexts");
  for (const [rule, error] of unevenStepErrors(steps))
    console.log(`  ${ruleText(rule)}: ${percent(error)}`);
  console.log("as shipped");
  print(wholeStepErrors(steps, kernelShares("blackwell")));
  const { shares, overheads } = fitWholeSteps(steps);
  console.log(`refitted: ${JSON.stringify({ ...shares, ...overheads })}`);
  print(wholeStepErrors(steps, shares, overheads));
}

const loads = values.loads === undefined ? undefined : fitLoadTests(values.loads);
if (loads !== undefined) {
  console.log(
    `\nLOAD TESTS below saturation, TPOT of ${loads.stages} stages: layerPs ${shown("layerPs", loads.layerPs)}`,
  );
  console.log(`fitted to all: ${percent(loads.own)}`);
  console.log(`each model from the others: ${percent(loads.unseen)}`);
  print(loads.byModel);
  console.log(
    `\nFULL BATCHES of overloaded load tests, TPOT under ${RULES.map(ruleText).join("; ")}`,
  );
  for (const { run, errors, share } of unevenLoadTests(readData(values.loads!).runs)) {
    const byRule = errors.map((error) => `${(100 * error).toFixed(1)} %`).join(", ");
    console.log(`  ${run}: ${byRule}; asks for a share of ${share.toFixed(2)}`);
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
