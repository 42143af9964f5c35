/** `tenantry replay`: runs a live run's journal through the engine again and compares every decision. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { JOURNAL_VERSION, type JournalHeader, parseHeader } from "../live/journal/lines.ts";
import { JournalError, Replay, type ReplayOutcome } from "../live/journal/replay.ts";
import type { ScenarioSource } from "../live/inputs.ts";
import type { PlatformConfig } from "../engine/config.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { reasonOf, scenarioOf } from "./read-scenario.ts";

/** Runs the command; returns its exit code: 1 when a decision came out otherwise. */
export async function replayCommand(path: string): Promise<number> {
  let outcome: ReplayOutcome;
  try {
    outcome = await replayFile(path);
  } catch (error) {
    if (error instanceof JournalError) throw new InputError(`${path}: ${error.message}`);
    if (error instanceof Error && "code" in error) {
      throw new InputError(`cannot read ${path}: ${reasonOf(error)}`, { cause: error });
    }
    throw error;
  }
  const { inputs, decisions, endNs, difference } = outcome;
  const what = `${inputs} inputs over ${(endNs / 1e9).toFixed(1)} s`;
  if (difference === undefined) {
    process.stdout.write(`${what}: all ${decisions} decisions are the same\n`);
    return EXIT.fine;
  }
  process.stdout.write(
    `${what}: decision ${decisions} differs, at line ${difference.line} of ${path}\n` +
      `  recorded  ${difference.recorded}\n  replayed  ${difference.replayed}\n`,
  );
  return EXIT.slaMissed;
}

async function replayFile(path: string): Promise<ReplayOutcome> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  let replay: Replay | undefined;
  let number = 0;
  // One line behind: a run that was killed may have left half a line at the end, which says nothing.
  let previous: string | undefined;
  for await (const line of lines) {
    if (previous !== undefined && !feed(previous, number)) break;
    previous = line;
    number += 1;
  }
  if (previous !== undefined && isWhole(previous)) feed(previous, number);
  if (replay === undefined) throw new JournalError("the file is empty");
  return replay.finish();

  function feed(text: string, at: number): boolean {
    if (replay !== undefined) return replay.take(text, at);
    replay = new Replay(platformOf(headerOf(text).scenario), platformOf);
    return true;
  }
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function headerOf(text: string): JournalHeader {
  const header = parseHeader(text);
  if (header !== undefined) return header;
  throw new JournalError(
    `line 1: expected the header of a journal of version ${JOURNAL_VERSION}, as tenantry serve --journal writes it`,
  );
}

function platformOf({ text, overrides }: ScenarioSource): PlatformConfig {
  return scenarioOf(text, { fileName: "the journal's scenario", overrides, isQuiet: true })
    .platform;
}
