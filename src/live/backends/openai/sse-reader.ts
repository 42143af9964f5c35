/**
 * Reads server-sent events out of a byte stream, exactly, wherever the chunks are cut: in the middle of a character, of a line
 * or of a CRLF. Only `data` matters here; comments and other fields are passed over. One event may be so large and no
 * larger, since an upstream that never ends a line must not take the memory of everyone else.
 */

const LF = 10;
const CR = 13;
/** Characters of one event: a thousand times what a token with 20 logprobs takes; assumed. */
const MOST_EVENT_CHARS = 8 * 1024 * 1024;

/** The stream is not what was agreed on: an event without end. */
export class SseError extends Error {
  override name = "SseError";
}

export class SseReader {
  readonly #onEvent: (data: string) => void;
  readonly #mostChars: number;
  readonly #decoder = new TextDecoder();
  /** A line that has not ended, and the data lines of an event that has not. */
  #line = "";
  #data: string | undefined;
  /** The last chunk ended in CR: an LF that comes first in the next belongs to it. */
  #isAfterCr = false;

  constructor(onEvent: (data: string) => void, mostChars = MOST_EVENT_CHARS) {
    this.#onEvent = onEvent;
    this.#mostChars = mostChars;
  }

  /** Throws SseError on an event that is too large. */
  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  /** The stream has ended: servers forget the empty line after their last event. */
  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#line !== "") this.#endLine(this.#line);
    this.#line = "";
    this.#endEvent();
  }

  #take(text: string): void {
    let start = this.#skippedLf(text);
    const hasCr = text.includes("\r", start);
    for (;;) {
      const end = hasCr ? lineEnd(text, start) : text.indexOf("\n", start);
      if (end === -1) break;
      this.#endLine(this.#line + text.slice(start, end));
      this.#line = "";
      start = end + 1;
      if (text.charCodeAt(end) !== CR) continue;
      if (start === text.length) this.#isAfterCr = true;
      else if (text.charCodeAt(start) === LF) start += 1;
    }
    this.#line += text.slice(start);
    if (this.#line.length + (this.#data?.length ?? 0) > this.#mostChars) {
      throw new SseError(`an event of more than ${this.#mostChars} characters`);
    }
  }

  #skippedLf(text: string): number {
    if (!this.#isAfterCr || text === "") return 0;
    this.#isAfterCr = false;
    return text.charCodeAt(0) === LF ? 1 : 0;
  }

  #endLine(line: string): void {
    if (line === "") {
      this.#endEvent();
      return;
    }
    if (!line.startsWith("data")) return;
    if (line.length > 4 && line[4] !== ":") return;
    const value = line.slice(line[5] === " " ? 6 : 5);
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  #endEvent(): void {
    if (this.#data === undefined) return;
    const data = this.#data;
    this.#data = undefined;
    this.#onEvent(data);
  }
}

function lineEnd(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === LF || code === CR) return index;
  }
  return -1;
}
