/** Reads a scenario file for a command: warnings go to stderr, problems end the command with all of them listed. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadScenario } from "../scenario/load.ts";
import { formatProblem } from "../scenario/problems.ts";
import { type LoadedProfile, loadProfile } from "../scenario/profile-file.ts";
import { namedFilesOf } from "../scenario/named-files.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { InputError } from "./exit-codes.ts";
import { namedContents } from "./named-contents.ts";

/** A scenario's text, and what is laid over it. */
interface Source {
  readonly text: string;
  readonly overrides: readonly string[];
}

/** Fails: InputError when the file cannot be read or its content is not a valid scenario. */
export function readScenario(fileName: string, overrides: readonly string[]): Scenario {
  const source = readScenarioSource(fileName, overrides);
  return scenarioOf(source.text, { fileName, overrides: source.overrides });
}

/**
 * A scenario file with the files it names laid over it. Fails: InputError when it cannot be read, or one of those files is
 * not valid.
 */
export function readScenarioSource(fileName: string, overrides: readonly string[]): Source {
  const text = readText(fileName);
  return { text, overrides: withNamedFiles({ text, fileName, overrides }) };
}

/** The overrides, and after them those that lay the files which are named by then over the scenario. Fails: as above. */
export function withNamedFiles({
  text,
  fileName,
  overrides,
}: Source & { readonly fileName: string }): readonly string[] {
  const named = namedFilesOf(text, overrides);
  const contents = namedContents(named, dirname(fileName), { readText, readProfile });
  return [...overrides, ...contents];
}

/** A profile file. Fails: InputError when it cannot be read, with everything that is wrong with it. */
export function readProfile(fileName: string): Extract<LoadedProfile, { kind: "loaded" }> {
  const loaded = loadProfile(readText(fileName), fileName);
  if (loaded.kind === "loaded") return loaded;
  throw new InputError(loaded.problems.map(formatProblem).join("\n"));
}

/** The scenario of a text. Fails: InputError when it is not a valid one. */
export function scenarioOf(
  text: string,
  from: {
    readonly fileName: string;
    readonly overrides: readonly string[];
    /** Warnings are about simulations; whoever serves or replays need not hear them. */
    readonly isQuiet?: boolean;
  },
): Scenario {
  const { fileName } = from;
  const loaded = loadScenario(text, from);
  if (loaded.kind === "invalid") {
    const count = loaded.problems.length;
    const noun = count === 1 ? "1 problem" : `${count} problems`;
    throw new InputError(
      [...loaded.problems.map(formatProblem), `${fileName}: ${noun}`].join("\n"),
    );
  }
  for (const warning of from.isQuiet === true ? [] : loaded.warnings) {
    process.stderr.write(`warning: ${formatProblem(warning)}\n`);
  }
  return loaded.scenario;
}

/** Fails: InputError when the file cannot be read. */
export function readText(fileName: string): string {
  try {
    return readFileSync(fileName, "utf8");
  } catch (error) {
    throw new InputError(`cannot read ${fileName}: ${reasonOf(error)}`, { cause: error });
  }
}

/** An operating system's refusal in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file or folder";
  if (code === "EISDIR") return "it is a folder";
  if (code === "ENOTDIR") return "part of its path is a file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "ENOSPC") return "the disk is full";
  return error instanceof Error ? error.message : String(error);
}
