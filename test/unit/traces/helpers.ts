/** Trace files in a temporary folder, and what a reader makes of them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { TraceConfig, TraceFormat } from "../../../src/scenario/scenario.ts";
import type { TraceRow } from "../../../src/sim/workload/client.ts";
import { openTrace } from "../../../src/traces/open-trace.ts";
import type { TraceFile } from "../../../src/traces/open-trace.ts";
import { TraceError } from "../../../src/traces/trace-error.ts";

export const baseDir = mkdtempSync(join(tmpdir(), "tenantry-traces-"));
afterAll(() => rmSync(baseDir, { recursive: true }));

export function write(name: string, content: string | Buffer): string {
  writeFileSync(join(baseDir, name), content);
  return name;
}

interface Options extends Partial<TraceConfig> {
  readonly skipBadRows?: boolean;
}

export function open(format: TraceFormat, path: string, options: Options = {}): TraceFile {
  const { skipBadRows = false, ...changes } = options;
  const plain = { rateScale: 1, fromNs: 0, toNs: Infinity, clients: undefined, spreadNs: 0 };
  return openTrace({ path, format, ...plain, ...changes }, { baseDir, skipBadRows });
}

export function drain(reader: TraceFile): TraceRow[] {
  const rows: TraceRow[] = [];
  for (let row = reader.next(); row !== undefined; row = reader.next()) rows.push(row);
  return rows;
}

/** Writes the content and reads all rows of it. */
export function read(format: TraceFormat, content: string | Buffer, options: Options = {}) {
  return drain(open(format, write("trace", content), options));
}

/** The message of the TraceError that reading the content ends in. */
export function problemOf(format: TraceFormat, content: string | Buffer, options: Options = {}) {
  return messageOf(() => read(format, content, options));
}

export function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TraceError) return error.message;
    throw error;
  }
  throw new Error("no TraceError was thrown");
}
