/**
 * Records what arrives as a trace that `simulate` reads back: when, whose, how long, and no text. Rows stand in order of
 * arrival although lengths are known only at the end, so a row waits until those before it are known; how many may wait
 * is bounded. A request whose length never became known (rejected, or gone before its first token) is demand all the
 * same: it gets the mean length of its tenant's answers so far, and its outcome says that this is a guess.
 */
import { createWriteStream, type WriteStream } from "node:fs";
import type { PlatformConfig } from "../../engine/config.ts";
import type { Admission, Outcome } from "../../engine/request.ts";
import type { LiveRequest } from "../backends/backend.ts";
import type { Exchange } from "../exchange.ts";
import type { Observer } from "../observer.ts";

/** The trace format's columns, then two of ours that readers ignore. */
const HEADER = "time_s,client,prompt_tokens,output_tokens,adapter,outcome\n";
/** Rows held while an earlier request still runs; beyond it the oldest is written as it stands. Some 100 bytes each. */
const MOST_HELD = 100_000;

interface Row {
  readonly arrivalNs: number;
  readonly tenant: number;
  promptTokens: number;
  readonly maxOutputTokens: number | undefined;
  readonly adapter: string;
  /** Undefined while it runs. */
  outcome: Outcome | "rejected" | undefined;
  outputTokens: number;
}

/** Sum and number of a tenant's known lengths. */
interface Lengths {
  tokens: number;
  answers: number;
}

export class TraceRecorder implements Observer {
  #platform: PlatformConfig;
  readonly #file: WriteStream;
  readonly #mostHeld: number;
  /** In order of arrival; those before #first are written. */
  #rows: Row[] = [];
  #first = 0;
  readonly #running = new Map<Exchange, Row>();
  readonly #lengths = new Map<number, Lengths>();
  #failure: Error | undefined;

  constructor(path: string, platform: PlatformConfig, mostHeld = MOST_HELD) {
    this.#platform = platform;
    this.#mostHeld = mostHeld;
    this.#file = createWriteStream(path, { flags: "w" });
    this.#file.on("error", (error) => {
      this.#failure = error;
    });
    this.#file.write(HEADER);
  }

  submitted(nowNs: number, exchange: Exchange, admission: Admission<Exchange>): void {
    const { tenant, adapterIndex, promptTokens, maxOutputTokens } = exchange;
    const { adapters } = this.#platform.tenants[tenant]!;
    const row: Row = {
      arrivalNs: nowNs,
      tenant,
      promptTokens,
      maxOutputTokens,
      adapter: adapterIndex === undefined ? "" : (adapters[adapterIndex]?.name ?? ""),
      outcome: admission.kind === "accepted" ? undefined : "rejected",
      outputTokens: 0,
    };
    this.#rows.push(row);
    if (admission.kind === "accepted") this.#running.set(exchange, row);
    this.#write(this.#mostHeld);
  }

  firstToken(): void {}

  ended(_nowNs: number, request: LiveRequest, outcome: Outcome): void {
    const row = this.#running.get(request.origin);
    if (row === undefined) return;
    this.#running.delete(request.origin);
    row.outcome = outcome;
    row.promptTokens = request.promptTokens;
    row.outputTokens = request.outputTokens;
    if (outcome === "completed") this.#learn(request.tenant, request.outputTokens);
    this.#write(this.#mostHeld);
  }

  event(): void {}

  reloaded(platform: PlatformConfig): void {
    this.#platform = platform;
  }

  /** Writes what is still held, requests that have not ended included. Rejects when the file could not be written. */
  close(): Promise<void> {
    this.#write(0);
    return new Promise((resolve, reject) => {
      const done = (): void => (this.#failure === undefined ? resolve() : reject(this.#failure));
      if (this.#file.destroyed) done();
      else this.#file.end(done);
    });
  }

  /** Writes the rows that are known and have no unknown one before them, and as many as it takes to hold `most`. */
  #write(most: number): void {
    let text = "";
    for (; this.#first < this.#rows.length; this.#first++) {
      const row = this.#rows[this.#first]!;
      if (row.outcome === undefined && this.#rows.length - this.#first <= most) break;
      text += this.#line(row);
    }
    if (this.#first > 1024 && this.#first * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#first);
      this.#first = 0;
    }
    if (text !== "" && this.#failure === undefined) this.#file.write(text);
  }

  #line(row: Row): string {
    const { arrivalNs, tenant, promptTokens, adapter, outcome = "unfinished" } = row;
    const outputTokens = row.outputTokens > 0 ? row.outputTokens : this.#guess(row);
    const cells = [
      (arrivalNs / 1e9).toFixed(9),
      csvCell(this.#platform.tenants[tenant]!.name),
      Math.max(1, promptTokens),
      outputTokens,
      csvCell(adapter),
      outcome,
    ];
    return `${cells.join(",")}\n`;
  }

  #guess({ tenant, maxOutputTokens }: Row): number {
    const { defaultMaxOutputTokens } = this.#platform.tenants[tenant]!;
    const longest = maxOutputTokens ?? defaultMaxOutputTokens;
    const known = this.#lengths.get(tenant);
    const mean = known === undefined ? longest : Math.round(known.tokens / known.answers);
    return Math.max(1, Math.min(mean, longest));
  }

  #learn(tenant: number, outputTokens: number): void {
    const known = this.#lengths.get(tenant) ?? { tokens: 0, answers: 0 };
    known.tokens += outputTokens;
    known.answers += 1;
    this.#lengths.set(tenant, known);
  }
}

/** A cell that stays one cell: quoted where it holds a comma, a quote or a space at its edge. */
function csvCell(text: string): string {
  return /[",\n\r]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
