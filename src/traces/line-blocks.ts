/**
 * Reads a text file of any length as blocks of complete lines, synchronously and in bounded memory. The file is opened
 * for each chunk and closed again: a reader that is dropped half-way, as when a simulation ends before its trace, then
 * leaves nothing open. Cuts at the line feed byte, so characters of several bytes stay whole.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Stats } from "node:fs";
import { TraceError } from "./trace-error.ts";

/** Assumed: large enough that opening the file anew (some 10 us) is lost beside parsing it (some ms). */
const CHUNK_BYTES = 256 * 1024;

/** Longest line. Assumed: 300 times the longest line of the Mooncake traces (2,698 characters). */
const MAX_LINE_BYTES = 1024 * 1024;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Consecutive complete lines, without the line end of the last. */
export interface LineBlock {
  readonly text: string;
  /** Number of its first line in the file, counted from 1. */
  readonly firstLine: number;
}

/**
 * The lines of a file in blocks; the last line may lack its line feed. A byte order mark at the start is dropped.
 *
 * Fails: TraceError when the file is missing, not a regular file, empty, compressed, or has a line above 1 MiB.
 */
export function* readLineBlocks(path: string): Generator<LineBlock, void> {
  let carried: Buffer = Buffer.alloc(0);
  let position = 0;
  let firstLine = 1;
  for (;;) {
    const chunk = readChunk(path, position);
    if (position === 0) refuseOtherKinds(path, chunk);
    position += chunk.length;
    const isAtEnd = chunk.length === 0;
    const bytes = carried.length === 0 ? chunk : Buffer.concat([carried, chunk]);
    const cut = isAtEnd ? bytes.length : bytes.lastIndexOf(LINE_FEED);
    if (cut >= 0) {
      const text = bytes.toString("utf8", 0, bytes[cut - 1] === CARRIAGE_RETURN ? cut - 1 : cut);
      if (text.length > 0) yield { text: firstLine === 1 ? withoutMark(text) : text, firstLine };
      firstLine += countLines(bytes, cut);
    }
    if (isAtEnd) return;
    carried = Buffer.from(bytes.subarray(cut + 1));
    if (carried.length > MAX_LINE_BYTES) {
      throw new TraceError(path, `line ${firstLine} is longer than 1 MiB`);
    }
  }
}

function readChunk(path: string, position: number): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    throw new TraceError(path, reasonOf(cause), { cause });
  }
  try {
    refuseOddFiles(path, fstatSync(descriptor), position);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, CHUNK_BYTES, position));
  } catch (cause) {
    if (cause instanceof TraceError) throw cause;
    throw new TraceError(path, reasonOf(cause), { cause });
  } finally {
    closeSync(descriptor);
  }
}

function refuseOddFiles(path: string, stats: Stats, position: number): void {
  if (stats.isDirectory()) throw new TraceError(path, "is a directory, not a file");
  if (!stats.isFile()) throw new TraceError(path, "is not a regular file");
  if (stats.size === 0 && position === 0) throw new TraceError(path, "is empty");
  if (stats.size < position) throw new TraceError(path, "became shorter while it was read");
}

/** Says what is wrong with the two kinds of file that public traces are most often confused with. */
function refuseOtherKinds(path: string, start: Buffer): void {
  if (start[0] === 0x1f && start[1] === 0x8b) {
    throw new TraceError(path, "is compressed; unpack it first (gunzip)");
  }
  if (start.toString("latin1", 0, 24).startsWith("version https://git-lfs")) {
    throw new TraceError(path, "is a Git LFS pointer, not the data; fetch it with git lfs pull");
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "may not be read (permission denied)";
  return `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`;
}

function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** Line feeds up to and including the one at `cut`. */
function countLines(bytes: Buffer, cut: number): number {
  let lines = 1;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < cut; lines++) {
    at = bytes.indexOf(LINE_FEED, at + 1);
  }
  return lines;
}
