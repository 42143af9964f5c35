/**
 * A worker's copies of what a queued scenario reads. Files that travelled are put into a folder of the worker's own under their hash,
 * never under the path that the scenario gives them; those too large for that must lie in the folder the worker was started with.
 * Either way a file is only used if its hash is the one the sweep saw.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Redis } from "ioredis";
import { assert } from "../../base/assert.ts";
import { hashOfFile } from "../input-files.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import { UnusableInput } from "../unusable-input.ts";
import { KEYS, type QueuedSource } from "./protocol.ts";

export interface Shelf {
  /** Of this worker alone. */
  readonly ownFolder: string;
  /** Where files lie that do not travel, as they lie beside the scenario. */
  readonly filesFolder: string;
}

/** Fails: UnusableInput where the scenario, or a file of the hash it names, is not to be had. */
export async function loadQueued(
  redis: Redis,
  hash: string,
  shelf: Shelf,
): Promise<ScenarioSource> {
  const text = await redis.get(KEYS.source(hash));
  if (text === null) {
    throw new UnusableInput(
      "the queue does not hold the sweep's scenario any more; start the sweep again",
    );
  }
  // Written by a sweep of our own version: the queue's name says so.
  const { source, files }: QueuedSource = JSON.parse(text);
  const places: (readonly [string, string])[] = [];
  for (const file of files) {
    places.push([file.path, await placeOf(redis, file, shelf)]);
  }
  return { ...source, baseDir: shelf.filesFolder, files: places };
}

async function placeOf(
  redis: Redis,
  { path, sha256, travels }: QueuedSource["files"][number],
  { ownFolder, filesFolder }: Shelf,
): Promise<string> {
  if (!travels) return placeHere(path, sha256, filesFolder);
  const place = join(ownFolder, sha256);
  if (existsSync(place)) return place;
  const content = await redis.getBuffer(KEYS.file(sha256));
  if (content === null) {
    throw new UnusableInput(`the queue does not hold ${path} any more; start the sweep again`);
  }
  const found = createHash("sha256").update(content).digest("hex");
  assert(found === sha256, "a file is kept under its own hash");
  mkdirSync(ownFolder, { recursive: true });
  writeFileSync(`${place}.part`, content);
  renameSync(`${place}.part`, place);
  return place;
}

function placeHere(path: string, sha256: string, folder: string): string {
  const place = resolve(folder, path);
  if (!existsSync(place)) {
    throw new UnusableInput(
      `${path} is too large to travel and is not here (looked for ${place}); start the worker with --files and the folder that the sweep's scenario lies in`,
    );
  }
  if (hashOfFile(place) !== sha256) {
    throw new UnusableInput(
      `${place} is not the file that the sweep reads as ${path}: their contents differ; copy it anew`,
    );
  }
  return place;
}
