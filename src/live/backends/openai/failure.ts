/**
 * What it means that an upstream did not answer as it should: whose fault it is, and what a client may be told of it. A server
 * that is away, overloaded, misconfigured or talks nonsense is ours to route around; only a body that it refuses
 * is the client's fault. Messages lose addresses and whatever else is nobody's business outside.
 */
import type { UpstreamProblem } from "../../exchange.ts";
import { isObject } from "./choices.ts";

export type Failure =
  /** The client's fault: trying again anywhere would end the same. */
  | { readonly kind: "refused"; readonly problem: UpstreamProblem }
  /** The model or adapter is not there: no fault of the client, and of no use to try again. */
  | { readonly kind: "missing"; readonly problem: UpstreamProblem }
  | Outage;

/** The server's fault: another may do better, or the same one later. */
export type Outage =
  /** No answer at all: the connection failed or fell silent. Whether the server is alive is to be found out. */
  | { readonly kind: "connection"; readonly cause: string }
  /** The server answered, but with an error of its own. */
  | { readonly kind: "server"; readonly cause: string; readonly retryAfterMs: number | undefined };

/** Statuses by which a server blames our key or our account. */
const CREDENTIALS = new Set([401, 402, 403, 407]);
/** Longest message passed on, characters. */
const MOST_CHARS = 400;

export function failureOfStatus(
  status: number,
  body: string,
  retryAfter: string | undefined,
): Failure {
  const message = messageOf(body);
  if (CREDENTIALS.has(status)) {
    return serverFailure(`it answers ${status}: check the variable that holds its API key`);
  }
  if (status === 404 || status === 405) {
    return missing("The model is not available on the server that should run it.");
  }
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    return { kind: "refused", problem: { status, message: cleaned(message) } };
  }
  const cause =
    message === "" ? `it answers ${status}` : `it answers ${status}: ${cleaned(message)}`;
  return serverFailure(cause, retryAfterMsOf(retryAfter));
}

/** An error inside a stream, as `data: {"error": ...}`. */
export function failureOfError(error: unknown): Failure {
  const code = isObject(error) ? error["code"] : undefined;
  const body = JSON.stringify({ error });
  if (typeof code === "number" && code >= 400 && code < 600) {
    return failureOfStatus(code, body, undefined);
  }
  return serverFailure(`it broke off with an error: ${cleaned(messageOf(body))}`);
}

export function failureOfConnection(error: Error): Outage {
  const code: unknown = "code" in error ? error.code : undefined;
  const what = typeof code === "string" ? (CONNECTION_WORDS[code] ?? code) : error.message;
  return { kind: "connection", cause: cleaned(what) };
}

export function serverFailure(cause: string, retryAfterMs?: number): Outage {
  return { kind: "server", cause, retryAfterMs };
}

/** What the client is told when a failure ends its request. */
export function problemOf(failure: Failure, hasOutput: boolean): UpstreamProblem {
  if (failure.kind === "refused" || failure.kind === "missing") return failure.problem;
  const message = hasOutput
    ? "The model server broke off before the answer was complete."
    : "No model server could answer the request.";
  return { status: 502, message };
}

const CONNECTION_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  ENOTFOUND: "its host name is unknown",
  EAI_AGAIN: "its host name cannot be looked up",
  EHOSTUNREACH: "its host cannot be reached",
  ENETUNREACH: "its network cannot be reached",
  ETIMEDOUT: "it does not answer",
  UND_ERR_SOCKET: "it closed the connection",
  UND_ERR_CONNECT_TIMEOUT: "it does not accept connections",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer",
  UND_ERR_BODY_TIMEOUT: "it fell silent",
};

function missing(message: string): Failure {
  return { kind: "missing", problem: { status: 502, message, isLasting: true } };
}

/** Servers say {error: {message}}, {error: "..."}, {message} or {detail}. */
function messageOf(body: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return "";
  }
  if (!isObject(parsed)) return "";
  const error = parsed["error"];
  const candidates = [
    isObject(error) ? error["message"] : error,
    parsed["message"],
    parsed["detail"],
  ];
  return candidates.find((one): one is string => typeof one === "string") ?? "";
}

/** One line, without addresses, not too long. */
function cleaned(message: string): string {
  const line = message
    .replaceAll(/\bhttps?:\/\/\S+/giu, "(address)")
    .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/gu, "(address)")
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  if (line === "") return "The model server refused the request.";
  return line.length > MOST_CHARS ? `${line.slice(0, MOST_CHARS)}...` : line;
}

/** Only seconds: a date would need the server's clock to agree with ours. */
function retryAfterMsOf(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d+(?:\.\d+)?$/u.test(header)) return undefined;
  return Number(header) * 1000;
}
