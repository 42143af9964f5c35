/** A live platform without sockets for tests: the real driver and the paced backend, a ledger in memory, exchanges that remember. */
import { Driver, type DriverParts } from "../../src/live/driver.ts";
import { PacedBackend } from "../../src/live/backends/paced.ts";
import { systemClock } from "../../src/live/clock.ts";
import type { Ending, Exchange, Piece } from "../../src/live/exchange.ts";
import type { LedgerBatch, LedgerSink } from "../../src/live/ledger.ts";
import type { Admission } from "../../src/engine/request.ts";
import type { PlatformConfig } from "../../src/engine/config.ts";

/** Durable at once: what is appended is kept, and told so in the next turn of the event loop. */
export class MemoryLedger implements LedgerSink {
  readonly batches: LedgerBatch[] = [];

  append(batch: LedgerBatch, done: () => void): void {
    this.batches.push(batch);
    setImmediate(done);
  }
}

export class TestExchange implements Exchange {
  readonly endpoint = "completion";
  readonly body = {};
  readonly adapter = undefined;
  readonly isStreaming: boolean;
  readonly id: string;
  readonly tenant: number;
  readonly pool: number;
  readonly promptTokens: number;
  readonly maxOutputTokens: number | undefined;
  readonly adapterIndex: number | undefined;
  finishReason: string | undefined;
  problem: undefined;
  admission: Admission<Exchange> | undefined;
  ending: Ending | undefined;
  text = "";
  /** Resolves when nothing more will happen to it. */
  readonly over: Promise<void>;
  #resolve: () => void = () => {};

  constructor(given: {
    id: string;
    tenant: number;
    pool: number;
    promptTokens: number;
    maxOutputTokens?: number;
    adapterIndex?: number;
    isStreaming?: boolean;
  }) {
    this.id = given.id;
    this.tenant = given.tenant;
    this.pool = given.pool;
    this.promptTokens = given.promptTokens;
    this.maxOutputTokens = given.maxOutputTokens;
    this.adapterIndex = given.adapterIndex;
    this.isStreaming = given.isStreaming ?? true;
    this.over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  admitted(admission: Admission<Exchange>): void {
    this.admission = admission;
    if (admission.kind === "rejected") this.#resolve();
  }

  deliver(piece: Piece): boolean {
    if (piece.kind === "text") this.text += piece.text;
    return true;
  }

  onReady(resume: () => void): void {
    resume();
  }

  ended(ending: Ending): void {
    this.ending = ending;
    this.#resolve();
  }
}

/** A driver over paced replicas. */
export function liveDriver(
  platform: PlatformConfig,
  parts: Partial<DriverParts> & { readonly outputTokens?: (number: number) => number } = {},
): { driver: Driver; ledger: MemoryLedger } {
  const ledger = new MemoryLedger();
  const { outputTokens = () => 20, ...rest } = parts;
  const driver = new Driver({
    platform,
    backend: new PacedBackend(platform.pools, ({ number }) => outputTokens(number)),
    clock: systemClock(),
    ledger,
    observers: [],
    journal: undefined,
    limits: { maxInbox: 10_000, maxLagNs: 60e9 },
    used: undefined,
    mayTakeIn: () => true,
    ...rest,
  });
  return { driver, ledger };
}
