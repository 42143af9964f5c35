#!/usr/bin/env node
/** The command line: one file per command, errors turned into messages and exit codes here and nowhere else. */
import { Command, CommanderError } from "commander";
import { ProfileError } from "../profile/profile-error.ts";
import { scenarioJsonSchema } from "../scenario/schema/file.ts";
import { TraceError } from "../traces/trace-error.ts";
import { registerCatalogueCommands } from "./catalogue-commands.ts";
import { checkCommand } from "./check.ts";
import { type CompareOptions, compareCommand } from "./compare.ts";
import { type ComparePoliciesOptions, comparePoliciesCommand } from "./compare-policies.ts";
import { EXIT, EXIT_CODE_HELP, InputError } from "./exit-codes.ts";
import { interferenceCommand } from "./interference.ts";
import { type LoadOptions, loadCommand } from "./load.ts";
import { packageVersion } from "./package-info.ts";
import { type PlanCommandOptions, planCommand } from "./plan.ts";
import type { PlanOptions } from "./plan-run.ts";
import { registerProfileCommands } from "./profile-commands.ts";
import { type ReloadOptions, reloadCommand } from "./reload.ts";
import { replayCommand } from "./replay.ts";
import { type ReportOptions, reportCommand } from "./report.ts";
import { type ServeOptions, serveCommand } from "./serve.ts";
import { type SimulateOptions, simulateCommand } from "./simulate.ts";
import { registerStoreCommands } from "./store-commands.ts";
import { type SweepOptions, sweepCommand } from "./sweep.ts";
import { type TuneOptions, tuneCommand } from "./tune.ts";
import { type WorkerCommandOptions, workerCommand } from "./worker.ts";

function createProgram(): Command {
  const program = new Command("tenantry")
    .description("Simulate and plan a multi-tenant LLM platform with the engine that serves it.")
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError("(see tenantry --help)")
    .addHelpText("after", EXIT_CODE_HELP);
  program
    .command("simulate")
    .description("run a scenario and report what happened")
    .argument("<scenario>", "scenario file (YAML or JSON)")
    .option("--set <path=value>", "change a value of the scenario (repeatable)", collect, [])
    .option("--seed <n>", "seed of all random streams")
    .option("--out <folder>", "where the reports go (default: out/<scenario name>)")
    .option("--json", "print results.json on stdout")
    .option("--quiet", "print nothing but problems")
    .option("--requests-csv", "write requests.csv, a line per request")
    .option("--skip-bad-rows", "leave out and count broken rows of traces")
    .option("--fail-on-sla", "exit with code 1 when a tier misses its SLA")
    .action((file: string, options: SimulateOptions) => {
      process.exitCode = simulateCommand(file, options);
    });
  program
    .command("check")
    .description("validate a scenario and explain it")
    .argument("<scenario>", "scenario file (YAML or JSON)")
    .option("--set <path=value>", "change a value of the scenario (repeatable)", collect, [])
    .action((file: string, options: { set: readonly string[] }) => {
      process.exitCode = checkCommand(file, options);
    });
  program
    .command("schema")
    .description("print the JSON Schema of scenario files")
    .action(() => {
      process.stdout.write(`${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`);
    });
  registerCatalogueCommands(program);
  addPlanning(program);
  addSweep(program);
  addPlan(program);
  addTune(program);
  registerProfileCommands(program);
  addReport(program);
  addServing(program);
  return program;
}

/** Many simulations of one scenario. */
function addPlanning(program: Command): void {
  planning(program, "compare-policies")
    .description("run every policy on the same traffic, and find the fewest GPUs for each")
    .option("--policies <names>", "fcfs,vtc,... (default: all)")
    .option("--no-search", "leave out the search for the smallest platform")
    .option("--max-gpus <n>", "most shared GPUs to try (default: 4 times as many, at least 64)")
    .action(async (file: string, options: ComparePoliciesOptions) => {
      process.exitCode = await comparePoliciesCommand(file, options);
    });
  planning(program, "interference")
    .description("run without each tenant in turn: what does its presence cost the others?")
    .action(async (file: string, options: PlanOptions) => {
      process.exitCode = await interferenceCommand(file, options);
    });
}

function addSweep(program: Command): void {
  planning(program, "sweep")
    .description("vary values of a scenario: a grid of variants, or a sample, over all cores")
    .option(
      "--vary <path=values>",
      "8..32:4, a,b,c, or low..high with --sample (repeatable)",
      collect,
      [],
    )
    .option("--sample <n>", "a Latin hypercube of n variants instead of a grid")
    .option("--fresh", "forget the runs that the folder holds")
    .option("--queue <redis-url>", "let workers simulate that share this Redis queue")
    .action(async (file: string, options: SweepOptions) => {
      process.exitCode = await sweepCommand(file, options);
    });
  program
    .command("worker")
    .description("simulate for sweeps that share a queue, until Ctrl-C")
    .requiredOption("--queue <redis-url>", "redis://host:port, as sweep --queue names it")
    .option("--threads <n>", "simulations at a time (default: one per core)")
    .option("--files <folder>", "where files too large to travel lie, as beside the scenario")
    .option("--quiet", "print nothing but problems")
    .action(async (options: WorkerCommandOptions) => {
      process.exitCode = await workerCommand(options);
    });
}

/** One question whose answer takes as many simulations as it takes. */
function addPlan(program: Command): void {
  simulating(program, "plan")
    .description("find the cheapest platform that meets every SLA, and say how sure that is")
    .option("--confidence <share>", "as plan.confidence in the scenario, for example 99%")
    .option("--growth <share>", "as plan.growth: growth of traffic a month, for example 8%")
    .option("--max-gpus <n>", "as plan.maxGpus")
    .option("--budget <n>", "as plan.budget: requests to simulate at most")
    .action(async (file: string, options: PlanCommandOptions) => {
      process.exitCode = await planCommand(file, options);
    });
}

function addTune(program: Command): void {
  simulating(program, "tune")
    .description("find better tier weights and policy settings for the platform as it is")
    .option("--budget <n>", "as plan.budget: requests to simulate at most")
    .option("--write", "write what was found into the scenario file, comments and all")
    .action(async (file: string, options: TuneOptions) => {
      process.exitCode = await tuneCommand(file, options);
    });
}

function planning(program: Command, name: string): Command {
  return simulating(program, name).option(
    "--replications <n>",
    "runs of each variant, with one seed after another (default: 1)",
  );
}

function simulating(program: Command, name: string): Command {
  return program
    .command(name)
    .argument("<scenario>", "scenario file (YAML or JSON)")
    .option("--set <path=value>", "change a value of the scenario (repeatable)", collect, [])
    .option("--seed <n>", "seed of all random streams")
    .option("--threads <n>", "simulations at a time (default: one per core)")
    .option("--out <folder>", `where the reports go (default: out/<scenario name>-...)`)
    .option("--json", `print ${name}.json on stdout`)
    .option("--quiet", "print nothing but problems");
}

function addReport(program: Command): void {
  program
    .command("report")
    .description("make a report to hand on: a page of conclusions, charts, appendices")
    .argument("<result>", "results.json, plan.json, another file of ours, or a folder holding one")
    .option("--format <names>", "html,md,csv,svg,vega-lite (default: all)")
    .option("-o, --out <folder>", "where the report goes (default: out/<scenario name>-report)")
    .option("--quiet", "print nothing but problems")
    .action(async (path: string, options: ReportOptions) => {
      process.exitCode = await reportCommand(path, options);
    });
}

/** Live traffic, and what is left of it. */
function addServing(program: Command): void {
  program
    .command("serve")
    .description("serve live traffic with the scenario's platform (OpenAI-compatible)")
    .argument("<scenario>", "scenario file (YAML or JSON)")
    .option("--backend <name>", "paced or openai, instead of the scenario's")
    .option("--listen <host:port>", "address, instead of the scenario's")
    .option("--storage <place>", "SQLite file or postgres:// URL, instead of the scenario's")
    .option("--set <path=value>", "change a value of the scenario (repeatable)", collect, [])
    .option("--record <file>", "write a trace of arrivals that simulate reads (no text)")
    .option("--keys <file>", "write the keys of a first start here, as load --keys reads them")
    .option("--journal <file>", "write every input and decision, for tenantry replay")
    .option("--log-level <level>", "trace, debug, info, warn, error or silent", "info")
    .action(async (file: string, options: ServeOptions) => {
      process.exitCode = await serveCommand(file, options);
    });
  program
    .command("reload")
    .description("let a running server take over its scenario file as it is now")
    .requiredOption("--url <url>", "address of the server")
    .option("--key <key>", "an administrator's key (default: TENANTRY_ADMIN_KEY)")
    .action(async (options: ReloadOptions) => {
      process.exitCode = await reloadCommand(options);
    });
  program
    .command("replay")
    .description("run a journal through the engine again and compare every decision")
    .argument("<journal>", "file written by serve --journal")
    .action(async (path: string) => {
      process.exitCode = await replayCommand(path);
    });
  addLoad(program);
  addCompare(program);
  registerStoreCommands(program);
}

function addLoad(program: Command): void {
  program
    .command("load")
    .description("play a scenario's workload against a running server and report what happened")
    .argument("<scenario>", "scenario file (YAML or JSON)")
    .requiredOption("--url <url>", "address of an OpenAI-compatible server")
    .option("--keys <file>", "JSON file with the API key of each tenant")
    .option("--key <tenant=key>", "API key of a tenant (repeatable)", collect, [])
    .option("--set <path=value>", "change a value of the scenario (repeatable)", collect, [])
    .option("--seed <n>", "seed of all random streams")
    .option("--duration <time>", "arrivals stop after this long, for example 60s")
    .option("--max-requests <n>", "arrivals stop after this many")
    .option("--endpoint <name>", "chat or completions (default: chat)")
    .option("--model <name>", "model to ask for instead of the pools' models")
    .option(
      "--lengths <way>",
      "how output lengths are asked for: hint (default for Tenantry) or max-tokens",
    )
    .option("--out <folder>", "where the reports go (default: out/<scenario name>-load)")
    .option("--json", "print results.json on stdout")
    .option("--quiet", "print nothing but problems")
    .action(async (file: string, options: LoadOptions) => {
      process.exitCode = await loadCommand(file, options);
    });
}

function addCompare(program: Command): void {
  program
    .command("compare")
    .description("set results side by side: a live run beside its simulation, or any others")
    .argument("<results...>", "results.json, a folder holding one, or a scenario to simulate")
    .option("--replications <n>", "runs per scenario, with one seed after another")
    .option("--seed <n>", "first seed of all scenarios")
    .option("--threads <n>", "simulations at a time (default: one per core)")
    .option("--out <folder>", "where the comparison goes (default: out/compare)")
    .option("--json", "print compare.json on stdout")
    .option("--quiet", "print nothing but problems")
    .action(async (paths: readonly string[], options: CompareOptions) => {
      process.exitCode = await compareCommand(paths, options);
    });
}

/** Gathers a repeatable option. */
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function isBadInput(error: unknown): error is Error {
  return (
    error instanceof InputError || error instanceof TraceError || error instanceof ProfileError
  );
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.badInput;
  if (isBadInput(error)) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.badInput;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `tenantry failed; this is a bug, please report it with the scenario:\n${detail}\n`,
  );
  return EXIT.internal;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read our output has gone (`| head`): nothing is left to say.
  if (error.code === "EPIPE") process.exit(EXIT.fine);
  process.stderr.write(`cannot write the output: ${error.message}\n`);
  process.exit(EXIT.badInput);
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
