/**
 * What a sweep and its workers say to each other through Redis. Jobs wait in a BullMQ queue, one per version of the program, since
 * results of two versions must not be mixed; a job names its scenario, which is kept beside the queue once, with the files it reads
 * as far as they are small enough to travel. Results go into a list per scenario, where they wait for a sweep that was interrupted.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { RunFigures } from "../../results/figures.ts";
import type { InputFile } from "../input-files.ts";
import { runFigures } from "../run-figures.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import type { Variant } from "../variant.ts";

/** Before all keys, BullMQ's too. */
export const PREFIX = "tenantry";

export function queueName(version: string): string {
  return `sweep-${version}`;
}

export interface QueuedJob {
  /** The hash under which the scenario is kept. */
  readonly source: string;
  readonly variant: Variant;
  readonly seed: number;
}

/** A scenario as it is kept: what threads load, and the files it reads. */
export interface QueuedSource {
  readonly source: Pick<ScenarioSource, "text" | "fileName" | "overrides" | "tenantryVersion">;
  readonly files: readonly (InputFile & {
    /** Whether its content is kept in Redis too; otherwise a worker must have it. */
    readonly travels: boolean;
  })[];
}

/** A worker's answer, as text in the list of results. */
export const answer = z.object({
  id: z.string(),
  figures: runFigures.optional(),
  /** Why there are none: a sentence for the user. */
  problem: z.string().optional(),
});

export interface Answer {
  readonly id: string;
  readonly figures?: RunFigures;
  readonly problem?: string;
}

/** Who is there: told by both sides every few seconds. */
export const presence = z.object({ version: z.string(), name: z.string() });

export type Presence = z.infer<typeof presence>;

export const KEYS = {
  source: (hash: string) => `${PREFIX}:source:${hash}`,
  file: (sha256: string) => `${PREFIX}:file:${sha256}`,
  results: (source: string) => `${PREFIX}:results:${source}`,
  sweep: (id: string) => `${PREFIX}:present:sweep:${id}`,
  worker: (id: string) => `${PREFIX}:present:worker:${id}`,
} as const;

/** What is kept in Redis goes a day after nobody asked for it: until then an interrupted sweep finds what workers finished since. */
export const KEPT_SECONDS = 86_400;
/** A program that has not been heard of for so long is gone. */
export const PRESENT_SECONDS = 15;
export const PRESENCE_EVERY_MS = 5000;
/** A file of this size travels: Redis takes values up to 512 MB, and its memory is somebody's. Assumed. */
export const MOST_TRAVELLING_BYTES = 64 * 1024 * 1024;

export function hashOfSource(source: QueuedSource): string {
  return createHash("sha256").update(JSON.stringify(source)).digest("hex");
}

/** The same job has the same id whoever asks: asked for twice, it is simulated once. BullMQ takes no plain numbers. */
export function jobId(job: QueuedJob): string {
  return `run-${createHash("sha256").update(JSON.stringify(job)).digest("hex")}`;
}
