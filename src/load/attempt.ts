/**
 * One request to a server under load, from its first byte out to its last byte in: sends it, reads the answer as a stream or
 * as a refusal, and says once how it ended. Times are read when bytes come in; whoever reads them has to keep up.
 */
import type { Dispatcher } from "undici";
import { StreamedAnswer } from "./answer.ts";
import { parseRecord, recordOf } from "./json.ts";
import { type Headers, type Refusal, refusalOf } from "./refusal.ts";

const OK = 200;
/** Of a refusal's body no more than this is read. */
const MOST_ERROR_BYTES = 64 * 1024;

/** How an attempt ended. Whatever came of the answer before is in the attempt's `answer`. */
export type AttemptEnd =
  | { readonly kind: "completed" }
  | { readonly kind: "refused"; readonly status: number; readonly refusal: Refusal }
  /** The connection failed, or the stream broke off or ended in an error. */
  | { readonly kind: "broken"; readonly code: string; readonly message: string }
  /** Given up here. */
  | { readonly kind: "given-up" };

export interface AttemptParts {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly hasAdapter: boolean;
  readonly nowNs: () => number;
  readonly onFirstOutput: (nowNs: number) => void;
  /** The last call. */
  readonly onEnd: (end: AttemptEnd) => void;
}

export class Attempt implements Dispatcher.DispatchHandler {
  readonly answer = new StreamedAnswer();
  readonly #parts: AttemptParts;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers = {};
  #errorBody = "";
  #isGivenUp = false;
  #hasEnded = false;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  send(connection: Dispatcher): void {
    const { path, headers, body } = this.#parts;
    connection.dispatch({ method: "POST", path, headers, body }, this);
  }

  /** Stops waiting for the answer; it ends at once, and what comes later is ignored. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#controller?.abort(new Error("given up"));
    this.#end({ kind: "given-up" });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isGivenUp) controller.abort(new Error("given up"));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.#status !== OK) {
      if (this.#errorBody.length < MOST_ERROR_BYTES) this.#errorBody += bytes.toString("utf8");
      return;
    }
    const { answer } = this;
    const hadOutput = answer.pieces > 0;
    const nowNs = this.#parts.nowNs();
    answer.feed(bytes, nowNs);
    if (!hadOutput && answer.pieces > 0) this.#parts.onFirstOutput(nowNs);
  }

  onResponseEnd(): void {
    if (this.#status !== OK) {
      const error = recordOf(parseRecord(this.#errorBody)?.["error"]);
      const { hasAdapter } = this.#parts;
      const answer = { status: this.#status, headers: this.#headers, error, hasAdapter };
      this.#end({ kind: "refused", status: this.#status, refusal: refusalOf(answer) });
      return;
    }
    const { isFinished, error } = this.answer;
    if (error !== undefined) {
      const message = error["message"];
      const code = error["code"];
      this.#end({
        kind: "broken",
        code: typeof code === "string" ? code : "error-in-stream",
        message: typeof message === "string" ? message : "the stream ended in an error",
      });
    } else if (isFinished) this.#end({ kind: "completed" });
    else this.#end({ kind: "broken", code: "cut-off", message: "the stream ended early" });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
    this.#end({ kind: "broken", code, message: error.message });
  }

  #end(end: AttemptEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // An abort is told as an error of the connection, before `giveUp` goes on.
    this.#parts.onEnd(this.#isGivenUp ? { kind: "given-up" } : end);
  }
}
