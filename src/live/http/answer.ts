/**
 * The answer to one HTTP request: its choices go to the driver together, and what becomes of them leaves as one response. All
 * are admitted or none; the status is decided by the first token or the first failure; the last byte leaves after
 * every choice has ended, which is when its charges are durable. A client that goes is cancelled at any moment.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { Admission, Request } from "../../engine/request.ts";
import type { Driver } from "../driver.ts";
import type { Ending, Exchange } from "../exchange.ts";
import type { Ask } from "./ask.ts";
import {
  type ApiError,
  apiError,
  errorBody,
  errorHeaders,
  problemError,
  rejectionError,
} from "./errors.ts";
import { type ExchangeOwner, HttpExchange } from "./exchange.ts";
import { ChunkFormat, DONE, type Identity, usageOf, wholeAnswer } from "./formats.ts";
import { pushRateHeaders } from "./rate-headers.ts";
import { type Flusher, ResponseWriter } from "./response-writer.ts";
import type { Traffic } from "./traffic.ts";

export interface AnswerLimits {
  /** Infinity: never. */
  readonly requestTimeoutMs: number;
  /** What may wait for a slow reader before its backend is asked to pause. */
  readonly maxBufferedBytes: number;
  /** How long a reader may take none of it before it is given up. */
  readonly maxStallMs: number;
}

/** What all answers of a server share. */
export interface AnswerContext {
  readonly driver: Driver;
  readonly traffic: Traffic;
  readonly flusher: Flusher;
  readonly log: Logger;
  readonly limits: AnswerLimits;
  tierOf(tenant: number): string;
  /** The driver took no more: nobody else hears of such a request. */
  readonly onOverload: () => void;
}

/** One request as HTTP knows it. */
interface Call {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers of a connection: pipelined ones hear of its end only from here. */
const answersOf = new WeakMap<Socket, Set<Answer>>();

export class Answer implements ExchangeOwner {
  readonly ask: Ask;
  readonly id: string;
  readonly chunks: ChunkFormat | undefined;
  readonly #context: AnswerContext;
  readonly #identity: Identity;
  readonly #writer: ResponseWriter;
  readonly #socket: Socket;
  readonly #startedMs = performance.now();
  readonly #exchanges: HttpExchange[] = [];
  readonly #rateHeaders: string[] = [];
  #admitted = 0;
  #unended = 0;
  #error: ApiError | undefined;
  /** The connection has taken the response, or has gone. */
  #isClosed = false;
  #isComplete = false;

  constructor(context: AnswerContext, ask: Ask, { id, request, response }: Call) {
    this.ask = ask;
    this.id = id;
    this.#context = context;
    this.#socket = request.socket;
    const createdS = Math.floor(Date.now() / 1000);
    this.#identity = { endpoint: ask.endpoint, id, createdS, model: ask.model };
    this.chunks = ask.isStreaming ? new ChunkFormat(this.#identity, ask.includesUsage) : undefined;
    const { flusher, limits, traffic } = context;
    this.#writer = new ResponseWriter(response, flusher, limits.maxBufferedBytes);
    response.on("close", () => this.#closed());
    answersOn(this.#socket).add(this);
    traffic.add(this);
  }

  get hasRoom(): boolean {
    return this.#writer.hasRoom;
  }

  /** Hands all choices to the driver. */
  start(): void {
    for (const index of this.ask.choices.keys()) {
      const exchange = new HttpExchange(this, index);
      if (!this.#context.driver.submit(exchange)) {
        this.#context.onOverload();
        this.#fail(apiError("overloaded", { retryAfterNs: 0 }));
        break;
      }
      this.#exchanges.push(exchange);
      this.#unended += 1;
    }
    if (this.#unended === 0) this.#complete();
  }

  admitted(_exchange: HttpExchange, admission: Admission<Exchange>): void {
    const { driver } = this.#context;
    const isLast = admission.kind === "rejected" || ++this.#admitted === this.ask.choices.length;
    if (isLast && this.#error === undefined) {
      const { quota } = driver.engine.tenants[this.ask.tenant]!;
      pushRateHeaders(this.#rateHeaders, quota, driver.nowNs);
    }
    if (admission.kind === "rejected") {
      this.#fail(rejectionError(admission));
      this.#oneEnded();
    } else if (isLast && this.#error === undefined && this.chunks !== undefined) {
      this.#writer.open(200, [...STREAM_HEADERS, ...this.#allHeaders()]);
    }
  }

  /** Also after a failure: what is computed until the backend stops is billed, so it is sent, before the error. */
  write(chunk: string): void {
    if (!this.#isClosed) this.#writer.write(chunk);
  }

  onReady(resume: () => void): void {
    this.#writer.onReady(resume);
  }

  cancel(exchange: HttpExchange): void {
    if (exchange.isOver || exchange.isCancelled) return;
    exchange.isCancelled = true;
    this.#context.driver.cancel(exchange);
  }

  ended(exchange: HttpExchange, { outcome, problem }: Ending): void {
    if (outcome === "failed") this.#fail(problemError(problem));
    else if (outcome === "cancelled" && !exchange.isCut) this.#fail(apiError("overloaded"));
    else if (this.chunks !== undefined) exchange.finish(this.chunks);
    this.#oneEnded();
  }

  sweep(nowMs: number): void {
    const { requestTimeoutMs, maxStallMs } = this.#context.limits;
    if (this.#writer.stalledMs(nowMs) > maxStallMs) this.#writer.destroy();
    else if (nowMs - this.#startedMs > requestTimeoutMs) this.#fail(apiError("timeout"));
  }

  cutOff(): void {
    this.#fail(apiError("draining", { retryAfterNs: 0 }));
  }

  /** The connection of this answer is gone. */
  socketClosed(): void {
    this.#closed();
  }

  /** The first failure decides; whatever still runs is of no use. */
  #fail(error: ApiError): void {
    if (this.#error !== undefined || this.#isComplete || this.#isClosed) return;
    this.#error = error;
    this.#cancelAll();
  }

  #cancelAll(): void {
    for (const exchange of this.#exchanges) this.cancel(exchange);
  }

  #oneEnded(): void {
    this.#unended -= 1;
    if (this.#unended === 0) this.#complete();
  }

  /** Nothing runs any more: the rest of the response. */
  #complete(): void {
    this.#isComplete = true;
    if (this.#isClosed) this.#forget();
    else if (this.#error !== undefined) this.#writeError(this.#error);
    else if (this.chunks !== undefined) this.#endStream(this.chunks);
    else this.#writeWhole();
    this.#logEnd();
  }

  #endStream(chunks: ChunkFormat): void {
    if (this.ask.includesUsage) this.#writer.write(chunks.usage(usageOf(this.#requests())));
    this.#writer.write(DONE);
    this.#writer.end();
  }

  #writeWhole(): void {
    const { whole } = this.#exchanges[0]!;
    const body =
      whole === undefined
        ? wholeAnswer(
            this.#identity,
            this.#exchanges.map((exchange) => exchange.wholeChoice()),
            usageOf(this.#requests()),
          )
        : JSON.stringify({ ...whole, model: this.ask.model });
    this.#writer.endWith(200, ["content-type", JSON_TYPE, ...this.#allHeaders()], body);
  }

  #writeError(error: ApiError): void {
    if (!this.#writer.hasBegun) {
      const headers = [...errorHeaders(error), ...this.#allHeaders()];
      this.#writer.endWith(error.status, headers, errorBody(error));
      return;
    }
    this.#writer.write(`data: ${errorBody(error)}\n\n`);
    this.#writer.end();
  }

  #requests(): Request<Exchange>[] {
    return this.#exchanges.map(({ ending }) => ending!.request);
  }

  #allHeaders(): string[] {
    const tier = this.#context.tierOf(this.ask.tenant);
    const headers = ["x-request-id", this.id, "x-tenantry-tier", tier, ...this.#rateHeaders];
    if (this.#context.traffic.isDraining) headers.push("connection", "close");
    return headers;
  }

  /** The response has been taken in full, or its client has gone. */
  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    answersOf.get(this.#socket)?.delete(this);
    if (this.#isComplete) this.#forget();
    else this.#cancelAll();
  }

  #forget(): void {
    this.#context.traffic.delete(this);
  }

  #logEnd(): void {
    const { log } = this.#context;
    if (!log.isLevelEnabled("info")) return;
    log.info(
      {
        request: this.id,
        endpoint: this.ask.endpoint,
        tenant: this.#context.driver.engine.platform.tenants[this.ask.tenant]!.name,
        model: this.ask.model,
        status: this.#error?.status ?? 200,
        code: this.#error?.code,
        isClientGone: this.#isClosed,
        ms: Math.round(performance.now() - this.#startedMs),
      },
      "answered",
    );
  }
}

const JSON_TYPE = "application/json; charset=utf-8";

const STREAM_HEADERS: readonly string[] = [
  "content-type",
  "text/event-stream; charset=utf-8",
  "cache-control",
  "no-cache",
  // Proxies of nginx's kind would gather a stream before they pass it on.
  "x-accel-buffering",
  "no",
];

function answersOn(socket: Socket): Set<Answer> {
  let answers = answersOf.get(socket);
  if (answers !== undefined) return answers;
  answers = new Set();
  answersOf.set(socket, answers);
  const all = answers;
  socket.on("close", () => {
    for (const answer of all) answer.socketClosed();
  });
  return answers;
}
