/**
 * What an answer that is no answer means: which of the platform's reasons it stands for, whether the client should try
 * again, and when. Follows the conventions of OpenAI's API: the status and the error's code, and its words where one code
 * stands for several limits.
 */
import { type RejectReason, isRetryable } from "../engine/request.ts";
import type { AttemptOutcome } from "../sim/workload/client.ts";
import type { JsonRecord } from "./json.ts";

export interface Refusal {
  /** As reports list it; undefined: the server or the way to it failed. */
  readonly reason: RejectReason | undefined;
  /** As the workload's client takes it: whether another attempt makes sense. */
  readonly seen: Exclude<AttemptOutcome, "completed" | "timed-out">;
  readonly retryAfterNs: number;
  readonly code: string;
  readonly message: string;
}

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The `error` object of the body, where there is one. */
  readonly error: JsonRecord | undefined;
  readonly hasAdapter: boolean;
}

interface Rule {
  readonly status: number;
  /** Looked for in the error's code, type and message. */
  readonly words: RegExp;
  readonly reason: RejectReason | undefined;
}

const ANY = /^/;

/** The first that fits is taken; an answer that none fits is a failure. */
const RULES: readonly Rule[] = [
  { status: 400, words: /context_length|too.?(?:large|long)/i, reason: "too-large" },
  { status: 413, words: ANY, reason: "too-large" },
  {
    status: 429,
    words: /(?:insufficient_quota|quota).*(?:spend|budget|month|billing)/i,
    reason: "spend-per-month",
  },
  { status: 429, words: /insufficient_quota|per day/i, reason: "tokens-per-day" },
  { status: 429, words: /your share/i, reason: "throttled" },
  { status: 429, words: /concurren|in progress|at once/i, reason: "concurrency-limit" },
  { status: 429, words: /queue|waiting/i, reason: "queue-full" },
  { status: 429, words: /overloaded|shed/i, reason: "shed" },
  { status: 429, words: /token/i, reason: "tokens-per-minute" },
  { status: 429, words: ANY, reason: "rate-limit" },
  { status: 503, words: /shutting down|draining/i, reason: undefined },
  { status: 503, words: /queue/i, reason: "queue-full" },
  { status: 503, words: /overloaded/i, reason: "shed" },
];

/** Statuses below 500 that official clients retry when a server does not say. */
const RETRIED: ReadonlySet<number> = new Set([408, 409, 429]);

/** Reads an answer whose status is not 200. */
export function refusalOf(answer: Answer): Refusal {
  const { status, headers, error } = answer;
  const code = textOf(error?.["code"]);
  const type = textOf(error?.["type"]);
  const message = textOf(error?.["message"]);
  const reason = reasonOf(answer, [code, type, message].join(" "));
  const seen = canRetry(status, headers, reason) ? retried(reason) : "refused";
  return {
    reason,
    seen,
    retryAfterNs: retryAfterNs(headers),
    code: code ?? type ?? "none",
    message: message ?? `status ${status} without a message`,
  };
}

function reasonOf({ status, hasAdapter }: Answer, words: string): RejectReason | undefined {
  if (status === 404 && hasAdapter) return "adapter-unknown";
  return RULES.find((rule) => rule.status === status && rule.words.test(words))?.reason;
}

/** The server's word goes before the reason's, and that before what official clients do by themselves. */
function canRetry(status: number, headers: Headers, reason: RejectReason | undefined): boolean {
  const word = headerOf(headers, "x-should-retry");
  if (word !== undefined) return word === "true";
  return reason === undefined ? status >= 500 || RETRIED.has(status) : isRetryable(reason);
}

function retried(reason: RejectReason | undefined): "rejected" | "failed" {
  return reason === undefined ? "failed" : "rejected";
}

/** How long to wait, by `retry-after-ms` or `retry-after` in seconds; 0 where the server does not say. */
function retryAfterNs(headers: Headers): number {
  const ms = Number(headerOf(headers, "retry-after-ms") ?? Number.NaN);
  if (ms >= 0 && Number.isFinite(ms)) return Math.ceil(ms * 1e6);
  const seconds = Number(headerOf(headers, "retry-after") ?? Number.NaN);
  return seconds >= 0 && Number.isFinite(seconds) ? Math.ceil(seconds * 1e9) : 0;
}

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
