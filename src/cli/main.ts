#!/usr/bin/env node
/** The command line: one file per command, errors turned into messages and exit codes here and nowhere else. */
import { Command, CommanderError } from "commander";
import { scenarioJsonSchema } from "../scenario/schema/file.ts";
import { TraceError } from "../traces/trace-error.ts";
import { checkCommand } from "./check.ts";
import { EXIT, EXIT_CODE_HELP, InputError } from "./exit-codes.ts";
import { packageVersion } from "./package-info.ts";
import { type SimulateOptions, simulateCommand } from "./simulate.ts";

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
  return program;
}

/** Gathers a repeatable option. */
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.badInput;
  if (error instanceof InputError || error instanceof TraceError) {
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
  throw error;
});

try {
  createProgram().parse();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
