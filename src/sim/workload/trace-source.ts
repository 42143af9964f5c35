/**
 * Requests replayed from a trace. In this order: rows that share a coarse timestamp are spread out, the wanted part is
 * cut out and its start moved to time 0, the wanted clients are picked, the rate is scaled. So which rows are picked
 * never changes the time of another, and two tenants can share a trace. Reads ahead by one row or one timestamp's rows.
 */
import { assert } from "../../base/assert.ts";
import type { TraceConfig } from "../../scenario/scenario.ts";
import type { Arrival, TraceReader, TraceRow } from "./client.ts";
import type { Prompts } from "./prompts.ts";
import type { RequestSource, ShapeRequest } from "./requests.ts";

/**
 * Rows with one timestamp that are held at most while they are spread; the rest of so large a group arrives at the end
 * of its spread. Assumed: 5,000 times the largest group of Mooncake's conversation trace.
 */
const MAX_SPREAD_ROWS = 100_000;

export class TraceSource implements RequestSource {
  nextNs = 0;
  readonly #config: TraceConfig;
  readonly #endNs: number;
  readonly #clients: ReadonlySet<string> | undefined;
  readonly #rows: SpreadRows;
  readonly #shape: ShapeRequest;
  #promptTokens = 0;
  #outputTokens = 0;
  #hashes: readonly number[] | undefined;
  readonly #prompts: Prompts;

  constructor(
    source: { config: TraceConfig; reader: TraceReader; prompts: Prompts; endNs: number },
    shape: ShapeRequest,
  ) {
    const { config, prompts } = source;
    assert(config.rateScale > 0, "a trace's rate scale is positive");
    this.#config = config;
    this.#prompts = prompts;
    this.#endNs = source.endNs;
    this.#clients = config.clients === undefined ? undefined : new Set(config.clients);
    this.#rows = new SpreadRows(source.reader, config.spreadNs);
    this.#shape = shape;
    this.#advance();
  }

  take(): Arrival {
    assert(this.nextNs !== Infinity, "the trace has another row");
    const promptTokens = this.#promptTokens;
    const segments = this.#prompts.traced(promptTokens, this.#hashes);
    const arrival = this.#shape(this.nextNs, promptTokens, this.#outputTokens, segments);
    this.#advance();
    return arrival;
  }

  finished(): void {}

  #advance(): void {
    const lastNs = this.nextNs;
    this.nextNs = Infinity;
    if (lastNs === Infinity) return;
    for (let row = this.#rows.next(); row !== undefined; row = this.#rows.next()) {
      const { fromNs, toNs, rateScale } = this.#config;
      if (row.timeNs >= toNs) return;
      if (row.timeNs < fromNs || !this.#isWanted(row)) continue;
      const timeNs = Math.round((row.timeNs - fromNs) / rateScale);
      if (timeNs >= this.#endNs) return;
      assert(timeNs >= lastNs, "a trace reader gives rows in order of time");
      this.nextNs = timeNs;
      this.#promptTokens = row.promptTokens;
      this.#outputTokens = row.outputTokens;
      this.#hashes = row.hashes;
      return;
    }
  }

  /** Formats without a client column have no client to leave out; their reader refuses such a filter. */
  #isWanted(row: TraceRow): boolean {
    return this.#clients === undefined || row.client === undefined || this.#clients.has(row.client);
  }
}

/** Rows with equal times moved apart evenly over `spreadNs`, or over the time to the next row where that is less. */
class SpreadRows {
  readonly #reader: TraceReader;
  readonly #spreadNs: number;
  /** The rows of one timestamp; at most MAX_SPREAD_ROWS. */
  #group: TraceRow[] = [];
  #taken = 0;
  #stepNs = 0;
  #ahead: TraceRow | undefined;
  #lastNs = 0;

  constructor(reader: TraceReader, spreadNs: number) {
    this.#reader = reader;
    this.#spreadNs = spreadNs;
    if (spreadNs > 0) this.#ahead = reader.next();
  }

  next(): TraceRow | undefined {
    if (this.#spreadNs <= 0) return this.#reader.next();
    if (this.#taken === this.#group.length) this.#readGroup();
    const row = this.#group[this.#taken];
    if (row === undefined) return undefined;
    this.#lastNs = Math.max(this.#lastNs, row.timeNs + Math.round(this.#taken * this.#stepNs));
    this.#taken++;
    return { ...row, timeNs: this.#lastNs };
  }

  #readGroup(): void {
    const first = this.#ahead;
    this.#group = [];
    this.#taken = 0;
    if (first === undefined) return;
    while (this.#ahead?.timeNs === first.timeNs && this.#group.length < MAX_SPREAD_ROWS) {
      this.#group.push(this.#ahead);
      this.#ahead = this.#reader.next();
    }
    const untilNextNs = this.#ahead === undefined ? Infinity : this.#ahead.timeNs - first.timeNs;
    const roomNs = untilNextNs > 0 ? Math.min(this.#spreadNs, untilNextNs) : this.#spreadNs;
    this.#stepNs = roomNs / this.#group.length;
  }
}
