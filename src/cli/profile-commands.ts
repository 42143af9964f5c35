/** The commands about measured step times, as the command line knows them. */
import type { Command } from "commander";
import { type ProfileImportOptions, profileImportCommand } from "./profile-import.ts";
import { type ProfileShowOptions, profileShowCommand } from "./profile-show.ts";

/** Adds `profile` with its subcommands. */
export function registerProfileCommands(program: Command): void {
  const profile = program.command("profile").description("measured step times: import, show");
  profile
    .command("import")
    .description("turn a table of measured steps into a profile that a pool can use")
    .argument(
      "<table>",
      "CSV of engine steps or vLLM's log, gzipped or not (docs/profiles.md lists forms)",
    )
    .option("--out <file>", "the profile (default: <table>.profile.yaml in this folder)")
    .option("--model <name>", "model that was measured; of a table of several, which one")
    .option("--gpu <name>", "GPU that was measured; of a table of several, which one")
    .option("--tensor-parallel <n>", "GPUs per replica; of a table of several, which ones")
    .option("--precision <name>", "of the weights: bf16, fp8, int4 or mxfp4")
    .option("--kv-cache-tokens <n>", "of a log that does not say it: size of the KV cache")
    .option("--engine <text>", "engine and version, for the record")
    .option("--date <text>", "when it was measured, for the record")
    .option("--holdout <share>", "show errors on a share of rows left out, such as 0.5")
    .option("--seed <n>", "which rows are held out (default: 1)")
    .option("--skip-bad-rows", "leave out and count broken rows")
    .option("--quiet", "print nothing but problems")
    .action((table: string, options: ProfileImportOptions) => {
      process.exitCode = profileImportCommand(table, options);
    });
  profile
    .command("show")
    .description("draw a profile beside its measurements and the catalogue's prediction")
    .argument("<profile>", "file written by profile import")
    .option("--model <name>", "model to predict, instead of the profile's")
    .option("--gpu <name>", "GPU to predict, instead of the profile's")
    .option("--tensor-parallel <n>", "GPUs per replica, instead of the profile's")
    .option("--precision <name>", "of the weights, instead of the profile's")
    .option("--out <folder>", "where the page goes (default: out/<what it is of>-profile)")
    .option("--json", "print the lines and errors as JSON")
    .option("--quiet", "print nothing but problems")
    .action((file: string, options: ProfileShowOptions) => {
      process.exitCode = profileShowCommand(file, options);
    });
}
