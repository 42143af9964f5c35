/**
 * One choice of one HTTP request: what the driver and the backend see of it. Turns output into chunks of a stream, or keeps it
 * until the answer is whole; cuts text at stop strings, which nobody else does for text made here. Statuses, headers
 * and the other choices are the answer's business.
 */
import { unreachable } from "../../base/assert.ts";
import type { Admission } from "../../engine/request.ts";
import type {
  Ending,
  Endpoint,
  Exchange,
  JsonObject,
  Piece,
  TokensSoFar,
  UpstreamProblem,
} from "../exchange.ts";
import type { Ask } from "./ask.ts";
import { type ChunkFormat, numbered, textChoice } from "./formats.ts";
import { StopCutter } from "./stop-cutter.ts";

/** The answer that the choice is part of. */
export interface ExchangeOwner {
  readonly ask: Ask;
  readonly id: string;
  /** Undefined: the client wants it whole. */
  readonly chunks: ChunkFormat | undefined;
  /** Whether the client keeps up. */
  readonly hasRoom: boolean;
  admitted(exchange: HttpExchange, admission: Admission<Exchange>): void;
  write(chunk: string): void;
  onReady(resume: () => void): void;
  /** No more of its output is wanted. */
  cancel(exchange: HttpExchange): void;
  ended(exchange: HttpExchange, ending: Ending): void;
}

export class HttpExchange implements Exchange {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly body: JsonObject;
  readonly adapter: string | undefined;
  readonly tenant: number;
  readonly pool: number;
  readonly promptTokens: number;
  readonly maxOutputTokens: number | undefined;
  readonly adapterIndex: number | undefined;
  readonly isStreaming: boolean;
  finishReason: string | undefined;
  problem: UpstreamProblem | undefined;
  isEstimate = false;
  tokensSoFar?: () => TokensSoFar;
  ending: Ending | undefined;
  /** Nothing more will come: refused, or ended. */
  isOver = false;
  isCancelled = false;
  readonly #owner: ExchangeOwner;
  readonly #index: number;
  readonly #stops: StopCutter | undefined;
  #text = "";
  /** An upstream's whole choice, and whole body. */
  #choice: JsonObject | undefined;
  #whole: JsonObject | undefined;
  #hasBegun = false;
  #hasFinishReason = false;

  constructor(owner: ExchangeOwner, index: number) {
    const { ask, id } = owner;
    const { body, promptTokens } = ask.choices[index]!;
    this.#owner = owner;
    this.#index = index;
    this.id = index === 0 ? id : `${id}-n${index}`;
    this.endpoint = ask.endpoint;
    this.body = body;
    this.adapter = ask.target.adapter;
    this.tenant = ask.tenant;
    this.pool = ask.target.pool;
    this.promptTokens = promptTokens;
    this.maxOutputTokens = ask.maxOutputTokens;
    this.adapterIndex = ask.target.adapterIndex;
    this.isStreaming = ask.isStreaming;
    this.#stops = ask.stops.length === 0 ? undefined : new StopCutter(ask.stops);
  }

  /** A stop string has ended it, whatever the backend still computes. */
  get isCut(): boolean {
    return this.#stops?.hasMatched === true;
  }

  /** An upstream's answer as it is, where that is all there is (embeddings). */
  get whole(): JsonObject | undefined {
    return this.#whole;
  }

  admitted(admission: Admission<Exchange>): void {
    if (admission.kind === "rejected") this.isOver = true;
    this.#owner.admitted(this, admission);
  }

  deliver(piece: Piece): boolean {
    if (!this.isCut) this.#take(piece);
    return this.#owner.hasRoom;
  }

  onReady(resume: () => void): void {
    this.#owner.onReady(resume);
  }

  ended(ending: Ending): void {
    this.isOver = true;
    this.ending = ending;
    const held = this.#stops?.end() ?? "";
    if (held !== "") this.#give(held);
    this.#owner.ended(this, ending);
  }

  /** The end of its part of a stream. */
  finish(chunks: ChunkFormat): void {
    if (this.#hasFinishReason) return;
    if (!this.#hasBegun) this.#owner.write(chunks.begin(this.#index, this.#used()));
    this.#owner.write(chunks.finish(this.#index, this.#reason(), this.#used()));
  }

  /** The choice as JSON. */
  wholeChoice(): string {
    if (this.#choice !== undefined) return numbered(this.#index, this.#choice);
    const choice = { text: this.#text, finishReason: this.#reason() };
    return textChoice(this.endpoint, this.#index, choice);
  }

  #take(piece: Piece): void {
    switch (piece.kind) {
      case "text":
        this.#takeText(piece.text);
        return;
      case "choice":
        this.#takeChoice(piece.choice);
        return;
      case "whole":
        this.#whole = piece.body;
        return;
      default:
        unreachable(piece);
    }
  }

  #takeText(piece: string): void {
    const text = this.#stops === undefined ? piece : this.#stops.push(piece);
    if (text !== "") this.#give(text);
    if (this.isCut) this.#owner.cancel(this);
  }

  #give(text: string): void {
    const { chunks } = this.#owner;
    if (chunks === undefined) {
      this.#text += text;
      return;
    }
    if (!this.#hasBegun) this.#owner.write(chunks.begin(this.#index, this.#used()));
    this.#hasBegun = true;
    this.#owner.write(chunks.text(this.#index, text, this.#used()));
  }

  #takeChoice(choice: JsonObject): void {
    const { chunks } = this.#owner;
    this.#hasBegun = true;
    if (typeof choice["finish_reason"] === "string") this.#hasFinishReason = true;
    if (chunks === undefined) this.#choice = choice;
    else this.#owner.write(chunks.choice(this.#index, choice, this.#used()));
  }

  /** For a chunk, where the client wants it there. */
  #used(): TokensSoFar | undefined {
    return this.#owner.ask.includesRunningUsage ? this.tokensSoFar?.() : undefined;
  }

  #reason(): string {
    return this.isCut ? "stop" : (this.finishReason ?? "stop");
  }
}
