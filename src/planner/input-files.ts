/**
 * The files a scenario reads beside itself, by the hash of what they hold: kept results are only good while those files are the
 * same, and a machine that takes part in a sweep must have the same ones.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import type { Scenario } from "../scenario/scenario.ts";
import { openTrace } from "../traces/open-trace.ts";

export interface InputFile {
  /** As written in the scenario, relative to its folder. */
  readonly path: string;
  readonly sha256: string;
}

const CHUNK_BYTES = 1024 * 1024;

/** Remembers what it has hashed: variants name the same files again and again. */
export class InputFiles {
  readonly #baseDir: string;
  readonly #hashes = new Map<string, string>();

  constructor(baseDir: string) {
    this.#baseDir = baseDir;
  }

  /** All that were asked for so far, in order of their paths. */
  all(): readonly InputFile[] {
    const files = [...this.#hashes].map(([path, sha256]) => ({ path, sha256 }));
    return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** In order of their paths. Fails: TraceError when one cannot be read, or does not begin as a trace does. */
  of({ clients }: Scenario): readonly InputFile[] {
    const files = new Map<string, InputFile>();
    for (const { arrivals } of clients) {
      if (arrivals.kind !== "trace") continue;
      const { path } = arrivals.trace;
      if (!this.#hashes.has(path)) {
        openTrace(arrivals.trace, { baseDir: this.#baseDir, skipBadRows: false });
        this.#hashes.set(path, hashOfFile(resolve(this.#baseDir, path)));
      }
      files.set(path, { path, sha256: this.#hashes.get(path)! });
    }
    return [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }
}

/** SHA-256 of a file of any length, in hexadecimal. */
export function hashOfFile(path: string): string {
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const bytes = readSync(descriptor, chunk);
      if (bytes === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, bytes));
    }
  } finally {
    closeSync(descriptor);
  }
}
