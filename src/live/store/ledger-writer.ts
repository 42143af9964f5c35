/**
 * The ledger of a running server: gathers what is to be written while a commit is under way, and sends it to a worker thread
 * as one group when that is done. So the number of commits follows what the disk can do, and no sync of a disk ever holds up
 * the event loop. A group that fails is repeated by the worker until it succeeds; nobody is told "done" before.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import type { LedgerBatch, LedgerCharge, LedgerSink, LedgerUsage } from "../ledger.ts";
import type { FromWorker, GroupMessage, WorkerSettings } from "./ledger-worker.ts";
import { isSqliteFile } from "./open-store.ts";

/** Entries that may wait for durability before `isBehind` says to take no more in: some 40 MB, or some seconds of full load. */
const MAX_BACKLOG_ENTRIES = 100_000;
/** Entries of one commit at most, so that none takes much longer than a tenth of a second. */
const MAX_GROUP_ENTRIES = 20_000;

export interface LedgerWriterOptions extends WorkerSettings {
  /** Told when writing fails, with the reason, and with undefined when it works again. */
  readonly onProblem?: (problem: string | undefined) => void;
}

interface Waiting {
  readonly batch: LedgerBatch;
  readonly entries: number;
  readonly done: () => void;
}

export class LedgerWriter implements LedgerSink {
  readonly #worker: Worker;
  /** Of a SQLite file; PostgreSQL keeps its own log. */
  readonly #checkpoints: Worker | undefined;
  readonly #onProblem: (problem: string | undefined) => void;
  #waiting: Waiting[] = [];
  /** The group that the worker is writing. */
  #writing: readonly Waiting[] = [];
  #groups = 0;
  #backlogEntries = 0;
  #problem: string | undefined;
  #onIdle: (() => void)[] = [];

  /** The storage should have been opened before, by openStore: the worker retries for ever where that fails. */
  constructor({ storage, durability, onProblem = () => {} }: LedgerWriterOptions) {
    this.#onProblem = onProblem;
    const settings: WorkerSettings = { storage, durability };
    this.#worker = startThread("ledger-worker", settings);
    this.#worker.on("message", (message: FromWorker) => this.#told(message));
    this.#checkpoints = isSqliteFile(storage)
      ? startThread("checkpoint-thread", storage)
      : undefined;
  }

  /** More waits than should: let nobody else in. What is in flight may still append. */
  get isBehind(): boolean {
    return this.#backlogEntries > MAX_BACKLOG_ENTRIES;
  }

  /** Entries that are not durable yet. */
  get backlogEntries(): number {
    return this.#backlogEntries;
  }

  /** Why the last attempt to write failed; undefined while all is well. */
  get problem(): string | undefined {
    return this.#problem;
  }

  append(batch: LedgerBatch, done: () => void): void {
    assertStorable(batch);
    const entries = batch.charges.length + batch.usage.length;
    this.#waiting.push({ batch, entries, done });
    this.#backlogEntries += entries;
    this.#sendNext();
  }

  /** Resolves when all that was appended is durable. */
  idle(): Promise<void> {
    if (this.#writing.length === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Ends the worker; call `idle` first, for what is not durable by then is given up. */
  async close(): Promise<void> {
    await ended(this.#checkpoints);
    const isIdle = this.#writing.length === 0 && this.#waiting.length === 0;
    if (isIdle) await ended(this.#worker);
    else await this.#worker.terminate();
  }

  #sendNext(): void {
    if (this.#writing.length > 0 || this.#waiting.length === 0) return;
    this.#writing = this.#takeGroup();
    const charges: LedgerCharge[] = [];
    const usage: LedgerUsage[] = [];
    for (const { batch } of this.#writing) {
      charges.push(...batch.charges);
      usage.push(...batch.usage);
    }
    this.#groups += 1;
    // One text per group: three times cheaper for this thread than having the objects cloned (measured, Node 24).
    const message: GroupMessage = {
      number: this.#groups,
      json: JSON.stringify({ charges, usage }),
    };
    this.#worker.postMessage(message, []);
  }

  /** As many as one commit takes, and always one. */
  #takeGroup(): Waiting[] {
    let entries = 0;
    const end = this.#waiting.findIndex((one, index) => {
      entries += one.entries;
      return index > 0 && entries > MAX_GROUP_ENTRIES;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  #told(message: FromWorker): void {
    if (message.kind === "problem") {
      this.#setProblem(message.problem);
      return;
    }
    assert(message.number === this.#groups, "a group that was not under way is done");
    const written = this.#writing;
    this.#writing = [];
    this.#setProblem(undefined);
    for (const { entries } of written) this.#backlogEntries -= entries;
    this.#sendNext();
    for (const { done } of written) done();
    if (this.#writing.length > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #setProblem(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#onProblem(problem);
  }
}

function startThread(name: string, workerData: unknown): Worker {
  // The sources run as they are, and so does what is built of them: whichever this file is, the thread's is too.
  const file = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(file, { workerData });
  // A thread that dies has a bug. Whoever has not been told "done" has lost nothing that was promised.
  thread.on("error", (error) => {
    throw error;
  });
  return thread;
}

/** Asks a thread to end, and resolves when it has. */
async function ended(thread: Worker | undefined): Promise<void> {
  if (thread === undefined) return;
  const isOver = new Promise((resolve) => thread.once("exit", resolve));
  thread.postMessage("close", []);
  await isOver;
}

/** No database takes such an entry, however often it is tried. */
function assertStorable({ charges, usage }: LedgerBatch): void {
  for (const { quantity, amountNanoUsd } of charges) {
    assert(Number.isSafeInteger(amountNanoUsd), "a charge that is no whole number of nano-dollars");
    assert(Number.isSafeInteger(quantity), "a charge for a quantity that is no whole number");
  }
  for (const { promptTokens, cachedTokens, outputTokens } of usage) {
    const isWhole = Number.isSafeInteger(promptTokens + cachedTokens + outputTokens);
    assert(isWhole, "a request whose tokens are no whole number");
  }
}
