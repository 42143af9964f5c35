/**
 * The runs of a sweep as they finish: a file in its output folder, one JSON line per run behind a line that says which scenario and
 * version they are of. Lines are only ever appended, so whatever ends the program costs the runs under way at most; a last line that was
 * torn is cut off when the file is opened again. Runs are found by what was simulated, not by their place in a sweep: one with
 * more values or more replications uses what is there.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { z } from "zod";
import type { RunFigures } from "../results/figures.ts";
import { runFigures } from "./run-figures.ts";
import { UnusableInput } from "./unusable-input.ts";

/** What all runs of a file have in common. */
export interface RunLogHead {
  readonly tenantryVersion: string;
  /** Hash of the scenario with --set, without --vary, and of the files it reads. */
  readonly scenario: string;
}

const LINE_FEED = 10;
/** Of the file's form; another is not read. */
const FORMAT = 1;

const head = z.object({
  runs: z.literal(FORMAT),
  tenantryVersion: z.string(),
  scenario: z.string(),
});

const line = z.object({ variant: z.string(), run: runFigures });

export class RunLog {
  readonly #path: string;
  readonly #file: number;
  readonly #runs = new Map<string, RunFigures>();

  /**
   * Opens the file, or makes it.
   * Fails: UnusableInput where it holds another scenario's runs, or lines that are none; as the file system does.
   */
  constructor(path: string, own: RunLogHead) {
    this.#path = path;
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const whole = bytes.lastIndexOf(LINE_FEED) + 1;
    if (whole > 0) this.#read(bytes.subarray(0, whole), own);
    this.#file = openSync(path, "a");
    if (whole < bytes.length) ftruncateSync(this.#file, whole);
    if (whole === 0) this.#append({ runs: FORMAT, ...own });
  }

  find(variant: string, seed: number): RunFigures | undefined {
    return this.#runs.get(`${variant} ${seed}`);
  }

  /** Keeps a run and gives it back as it will be read. Fails: as the file system does. */
  add(variant: string, run: RunFigures): RunFigures {
    const text = this.#append({ variant, run });
    const kept = line.parse(JSON.parse(text)).run;
    this.#runs.set(`${variant} ${kept.seed}`, kept);
    return kept;
  }

  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #append(value: object): string {
    const text = `${JSON.stringify(value)}\n`;
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    return text;
  }

  #read(bytes: Buffer, own: RunLogHead): void {
    let number = 0;
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(LINE_FEED, from);
      number += 1;
      const value = parsed(bytes.toString("utf8", from, end));
      if (number === 1) this.#checkHead(value, own);
      else this.#take(value, number);
      from = end + 1;
    }
  }

  #take(value: unknown, number: number): void {
    const { data, error } = line.safeParse(value);
    if (data === undefined) {
      const [issue] = error.issues;
      const where =
        issue === undefined || issue.path.length === 0 ? "" : ` (${issue.path.join(".")})`;
      throw new UnusableInput(
        `${this.#path}: line ${number} is not a run${where}; delete that line and the run is made again, or add --fresh to begin anew`,
      );
    }
    this.#runs.set(`${data.variant} ${data.run.seed}`, data.run);
  }

  #checkHead(value: unknown, own: RunLogHead): void {
    const { data } = head.safeParse(value);
    if (data === undefined) {
      throw new UnusableInput(
        `${this.#path} does not begin as a file of runs does; name another folder with --out, or add --fresh to replace it`,
      );
    }
    const differing = [
      ...(data.tenantryVersion === own.tenantryVersion
        ? []
        : [`by tenantry ${data.tenantryVersion}, and this is ${own.tenantryVersion}`]),
      ...(data.scenario === own.scenario
        ? []
        : ["of a scenario (with --set, --seed and its traces) that was not what it is now"]),
    ];
    if (differing.length === 0) return;
    throw new UnusableInput(
      `${this.#path} holds runs made ${differing.join(", ")}: they cannot be mixed. Name another folder with --out, or add --fresh to begin anew`,
    );
  }
}

/** Takes away the runs that a folder holds. */
export function forgetRuns(path: string): void {
  rmSync(path, { force: true });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
