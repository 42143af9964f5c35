/**
 * Writes one response to its socket: the head with the first of the body and not before, all that comes in one turn of the event
 * loop in one write, and a word to whoever writes when the client reads too slowly. Knows nothing of what it writes.
 */
import type { ServerResponse } from "node:http";

/** Writes what all responses have gathered when the present turn is over. */
export class Flusher {
  #writers: ResponseWriter[] = [];
  readonly #run = () => {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.flush();
  };

  plan(writer: ResponseWriter): void {
    if (this.#writers.push(writer) === 1) queueMicrotask(this.#run);
  }
}

/**
 * Written at once, characters. What is longer goes in pieces, each after the last has been taken: only so does it show
 * that a client reads at all.
 */
const MOST_AT_ONCE = 1024 * 1024;

export class ResponseWriter {
  readonly #raw: ServerResponse;
  readonly #flusher: Flusher;
  readonly #maxBufferedBytes: number;
  #status = 0;
  #headers: string[] = [];
  /** Counted as bytes: it is ASCII but for the words of models. */
  #gathered = "";
  #isPlanned = false;
  #isEnding = false;
  /** The rest of what is gathered waits until the client has taken the last piece. */
  #isInPieces = false;
  #waiting: (() => void)[] = [];
  #hasDrainListener = false;
  #fullSinceMs = Infinity;

  constructor(raw: ServerResponse, flusher: Flusher, maxBufferedBytes: number) {
    this.#raw = raw;
    this.#flusher = flusher;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** The head has been sent, or leaves with what is gathered: its status stands. */
  get hasBegun(): boolean {
    return this.#raw.headersSent || (this.#status !== 0 && this.#gathered !== "");
  }

  /** Whether more may be written; where not, onReady tells when. */
  get hasRoom(): boolean {
    const isFull = this.#gathered.length + this.#raw.writableLength > this.#maxBufferedBytes;
    if (isFull) this.#markFull();
    return !isFull;
  }

  /** How long the client has not taken what is there for it, ms. */
  stalledMs(nowMs: number): number {
    if (this.#fullSinceMs !== Infinity && this.#raw.writableLength === 0) this.#drained();
    return Math.max(0, nowMs - this.#fullSinceMs);
  }

  /** From here on what is written may leave, under this head. */
  open(status: number, headers: string[]): void {
    this.#status = status;
    this.#headers = headers;
    if (this.#gathered !== "") this.#plan();
  }

  write(text: string): void {
    this.#gathered += text;
    if (this.#status !== 0) this.#plan();
  }

  /** Ends what `open` began. */
  end(): void {
    this.#isEnding = true;
    this.#plan();
  }

  /** The whole response at once, in place of anything that has not left. */
  endWith(status: number, headers: string[], body: string): void {
    headers.push("content-length", String(Buffer.byteLength(body)));
    this.#status = status;
    this.#headers = headers;
    this.#gathered = body;
    this.end();
  }

  onReady(resume: () => void): void {
    this.#markFull();
    this.#waiting.push(resume);
  }

  destroy(): void {
    this.#raw.destroy();
  }

  flush(): void {
    this.#isPlanned = false;
    const raw = this.#raw;
    if (raw.destroyed || raw.writableEnded || this.#isInPieces) return;
    if (!raw.headersSent) raw.writeHead(this.#status, this.#headers);
    const text = this.#takePiece();
    if (!this.#isEnding || this.#isInPieces) raw.write(text);
    else if (text === "") raw.end();
    else raw.end(text);
    if (this.#isInPieces || (this.#isEnding && raw.writableLength > 0)) this.#markFull();
  }

  /** What is gathered, or as much of it as is written at once. */
  #takePiece(): string {
    const text = this.#gathered;
    this.#isInPieces = text.length > MOST_AT_ONCE;
    if (!this.#isInPieces) {
      this.#gathered = "";
      return text;
    }
    // Never between the two halves of a character.
    const isHalf = text.charCodeAt(MOST_AT_ONCE - 1) >> 10 === HIGH_SURROGATE >> 10;
    const cutAt = isHalf ? MOST_AT_ONCE - 1 : MOST_AT_ONCE;
    this.#gathered = text.slice(cutAt);
    return text.slice(0, cutAt);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#flusher.plan(this);
  }

  #markFull(): void {
    if (this.#fullSinceMs === Infinity) this.#fullSinceMs = performance.now();
    if (this.#hasDrainListener) return;
    this.#hasDrainListener = true;
    this.#raw.on("drain", () => this.#drained());
  }

  #drained(): void {
    this.#fullSinceMs = Infinity;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
    if (!this.#isInPieces) return;
    this.#isInPieces = false;
    this.flush();
  }
}

const HIGH_SURROGATE = 0xd8_00;
