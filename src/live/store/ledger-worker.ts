/**
 * The thread that writes the ledger: takes one group after the other, commits it, and says so. Whatever goes wrong (a full
 * disk, a server that is away), it tries the same group again, ever more slowly, under the same number: the store
 * recognises a group that had arrived after all.
 */
import { setTimeout as wait } from "node:timers/promises";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { AssertionError, assert } from "../../base/assert.ts";
import type { LedgerBatch } from "../ledger.ts";
import { openStore } from "./open-store.ts";
import type { Store } from "./store.ts";

/** Between attempts; doubles up to the second. Assumed: a locked file is free again soon, a server comes back in seconds. */
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 5000;

export interface WorkerSettings {
  readonly storage: string;
  readonly durability: "process" | "power";
}

export interface GroupMessage {
  /** Counts from 1. */
  readonly number: number;
  /** A LedgerBatch; what is undefined in it is missing. */
  readonly json: string;
}

export type FromWorker =
  | { readonly kind: "done"; readonly number: number }
  | { readonly kind: "problem"; readonly problem: string };

class GroupWriter {
  readonly #settings: WorkerSettings;
  readonly #tell: (message: FromWorker) => void;
  #store: Store | undefined;

  constructor(settings: WorkerSettings, tell: (message: FromWorker) => void) {
    this.#settings = settings;
    this.#tell = tell;
  }

  /** Resolves when the group is durable, however long that takes. */
  async write({ number, json }: GroupMessage): Promise<void> {
    const batch: LedgerBatch = JSON.parse(json);
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, MAX_RETRY_MS)) {
      try {
        this.#store ??= await openStore(this.#settings);
        await this.#store.ledger.append(number, batch);
        break;
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        const problem = error instanceof Error ? error.message : String(error);
        this.#tell({ kind: "problem", problem });
      }
      await wait(retryMs);
    }
    this.#tell({ kind: "done", number });
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }
}

function start(): void {
  assert(parentPort !== null, "the ledger's worker was started as a program");
  const port = parentPort;
  const settings: WorkerSettings = workerData;
  const writer = new GroupWriter(settings, (message) => port.postMessage(message));
  port.on("message", (message: GroupMessage | "close") => {
    if (message === "close") void writer.close().then(() => port.close());
    else void writer.write(message);
  });
}

if (!isMainThread) start();
