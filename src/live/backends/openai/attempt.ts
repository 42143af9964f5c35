/**
 * One try to get one sequence answered by one upstream: sends the request, reads the answer as it comes, hands the output on
 * and says how it went. Output that comes before the first real token (a role, an empty delta) is held back, so that a
 * try which fails without a token leaves no trace and another server can be asked.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Exchange, JsonObject } from "../../exchange.ts";
import { WholeChoice, asChunk, isObject, textOf } from "./choices.ts";
import {
  type Failure,
  failureOfConnection,
  failureOfError,
  failureOfStatus,
  serverFailure,
} from "./failure.ts";
import type { OutputCount } from "./output-count.ts";
import { SseError, SseReader } from "./sse-reader.ts";

/** An answer that is not a stream: 2,048 embeddings of 4,096 numbers are about 100 MB. */
const MOST_BODY_BYTES = 256 * 1024 * 1024;
/** What is read of the body of an error. */
const MOST_ERROR_BYTES = 64 * 1024;
/** Chunks before the first token that are held back; a server that sends more gets no more of them through. */
const MOST_HELD = 16;

/** Whoever is told; never called again after `over`, nor after `abort`. */
export interface AttemptListener {
  /** The request is being written. */
  written(): void;
  /** The first output; comes before it is handed on. */
  firstToken(): void;
  /** Something was heard of the server. */
  heard(): void;
  /** The end; undefined: the answer is complete. */
  over(failure: Failure | undefined): void;
}

export class Attempt implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;
  readonly #count: OutputCount;
  readonly #listener: AttemptListener;
  readonly #whole: WholeChoice | undefined;
  readonly #sse = new SseReader((data) => this.#event(data));
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  /** The answer in full, where it is not a stream of events. */
  #body: Buffer[] | undefined;
  #bodyBytes = 0;
  #held: JsonObject[] = [];
  #hasToken = false;
  #finishReason: string | undefined;
  #isOver = false;

  constructor(exchange: Exchange, count: OutputCount, listener: AttemptListener) {
    this.#exchange = exchange;
    this.#count = count;
    this.#listener = listener;
    const { endpoint, isStreaming } = exchange;
    this.#whole = isStreaming || endpoint === "embedding" ? undefined : new WholeChoice(endpoint);
  }

  /** Breaks the request off; nothing more is heard of it. Not from inside an input: sockets may answer at once. */
  abort(): void {
    this.#isOver = true;
    this.#controller?.abort(new Error("no longer wanted"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error("no longer wanted"));
    else this.#listener.written();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#isOver) return;
    this.#listener.heard();
    this.#status = status;
    this.#retryAfter = headers["retry-after"];
    const isStream = headers["content-type"]?.startsWith("text/event-stream") === true;
    if (status !== 200 || !isStream) this.#body = [];
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#listener.heard();
    if (this.#body !== undefined) {
      this.#keep(chunk);
      return;
    }
    try {
      this.#sse.push(chunk);
    } catch (error) {
      if (!(error instanceof SseError)) throw error;
      this.#end(serverFailure(`its stream is broken: ${error.message}`));
      controller.abort(error);
    }
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    if (this.#body !== undefined) this.#bodyEnded(Buffer.concat(this.#body));
    else {
      this.#sse.end();
      if (!this.#isOver) this.#streamEnded();
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    if (this.#finishReason === undefined) this.#end(failureOfConnection(error));
    else this.#complete();
  }

  #keep(chunk: Buffer): void {
    const most = this.#status === 200 ? MOST_BODY_BYTES : MOST_ERROR_BYTES;
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= most) this.#body!.push(chunk);
    else if (this.#status !== 200) this.#bodyBytes = most;
    else {
      this.#end(serverFailure(`its answer has more than ${most} bytes`));
      this.#controller?.abort(new Error("too long"));
    }
  }

  #event(data: string): void {
    if (this.#isOver) return;
    if (data === "[DONE]") {
      this.#streamEnded();
      return;
    }
    const chunk = parsed(data);
    if (chunk === undefined) {
      this.#end(serverFailure("its stream holds what is not JSON"));
      this.#abortSoon();
      return;
    }
    if (chunk["error"] !== undefined && chunk["error"] !== null) {
      this.#end(failureOfError(chunk["error"]));
      this.#abortSoon();
      return;
    }
    // Usage first: where it comes with every chunk, it counts this one too.
    this.#count.take(chunk["usage"]);
    const choice = choiceOf(chunk);
    if (choice !== undefined) this.#choice(choice);
  }

  #choice(choice: JsonObject): void {
    const text = textOf(choice);
    const { finish_reason: reason } = choice;
    if (typeof reason === "string") this.#finishReason = reason;
    if (text !== "") {
      if (!this.#hasToken) this.#begin();
      this.#count.add(text);
    }
    if (this.#hasToken) this.#handOn(choice);
    else if (this.#held.length < MOST_HELD) this.#held.push(choice);
  }

  /** There is output, or the answer is complete without: from here on the answer is given away. */
  #begin(): void {
    this.#hasToken = true;
    this.#listener.firstToken();
    for (const choice of this.#held) this.#handOn(choice);
    this.#held = [];
  }

  #handOn(choice: JsonObject): void {
    if (this.#whole !== undefined) {
      this.#whole.add(choice);
      return;
    }
    const controller = this.#controller!;
    if (this.#exchange.deliver({ kind: "choice", choice }) || controller.paused) return;
    controller.pause();
    // Later, for a socket that has something waiting speaks up at once.
    this.#exchange.onReady(() => queueMicrotask(() => controller.resume()));
  }

  /** The stream has said that it is done, or has just stopped. */
  #streamEnded(): void {
    if (this.#finishReason !== undefined) this.#complete();
    else this.#end({ kind: "connection", cause: "it broke off" });
  }

  #complete(): void {
    if (!this.#hasToken) this.#begin();
    this.#exchange.finishReason = this.#finishReason;
    if (this.#whole !== undefined) {
      this.#exchange.deliver({ kind: "choice", choice: this.#whole.choice });
    }
    this.#end(undefined);
  }

  #bodyEnded(bytes: Buffer): void {
    const text = bytes.toString();
    if (this.#status !== 200) {
      this.#end(failureOfStatus(this.#status, text, this.#retryAfter));
      return;
    }
    const body = parsed(text);
    if (body === undefined) this.#end(serverFailure("its answer is not JSON"));
    else if (body["error"] !== undefined && body["error"] !== null) {
      this.#end(failureOfError(body["error"]));
    } else if (this.#exchange.endpoint === "embedding") this.#embedding(body);
    else this.#wholeAnswer(body);
  }

  #embedding(body: JsonObject): void {
    this.#count.take(body["usage"]);
    this.#finishReason = "stop";
    this.#begin();
    this.#exchange.deliver({ kind: "whole", body });
    this.#complete();
  }

  /** A server that does not stream has answered all at once. */
  #wholeAnswer(body: JsonObject): void {
    this.#count.take(body["usage"]);
    const choice = choiceOf(body);
    if (choice === undefined) this.#end(serverFailure("its answer holds no choice"));
    else {
      this.#choice(asChunk(choice));
      this.#finishReason ??= "stop";
      this.#complete();
    }
  }

  #end(failure: Failure | undefined): void {
    this.#isOver = true;
    // A reader who was waited for holds up the connection no longer.
    const controller = this.#controller;
    if (controller?.paused === true) queueMicrotask(() => controller.resume());
    this.#listener.over(failure);
  }

  /** What else the stream holds is of no interest. */
  #abortSoon(): void {
    queueMicrotask(() => this.abort());
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** One choice was asked for: the first. */
function choiceOf(chunk: JsonObject): JsonObject | undefined {
  const { choices } = chunk;
  if (!Array.isArray(choices)) return undefined;
  const first: unknown = choices[0];
  return isObject(first) && (first["index"] ?? 0) === 0 ? first : undefined;
}
