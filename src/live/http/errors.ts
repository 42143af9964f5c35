/**
 * Every error a client can meet, in one table: status, OpenAI's type and code, whether trying again helps, and the words.
 * What the engine, a backend, the parser or the socket has to say becomes one of these and nothing else, so no stack and
 * no other tenant's name can leave.
 */
import { unreachable } from "../../base/assert.ts";
import type { Rejection } from "../../engine/request.ts";
import type { UpstreamProblem } from "../exchange.ts";

interface ErrorKind {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  /** Told to clients as x-should-retry wherever they would otherwise guess (408, 409, 429 and 5xx). */
  readonly isRetryable: boolean;
  readonly message: string;
}

/** In the order of their status. Messages may be replaced by more precise ones. */
const ERRORS = {
  badRequest: refusal(400, "bad_request", "The request is not valid HTTP."),
  badUrl: refusal(400, "invalid_url", "The URL is too long or holds an escape that is not UTF-8."),
  badBody: refusal(400, "invalid_body", "The request's body could not be read."),
  badJson: refusal(400, "invalid_json", "The request's body is not valid JSON."),
  missing: refusal(400, "missing_required_parameter", "A required parameter is missing."),
  badType: refusal(400, "invalid_type", "A parameter has the wrong type."),
  badValue: refusal(400, "invalid_value", "A parameter has a value that is not allowed."),
  unsupported: refusal(400, "unsupported_operation", "This server cannot do that."),
  tooLong: refusal(
    400,
    "context_length_exceeded",
    "The prompt and the longest answer asked for do not fit the model's context or the memory you may use. Shorten the prompt or lower max_tokens.",
  ),
  badKey: refusal(
    401,
    "invalid_api_key",
    "Incorrect API key provided. Send a valid key as 'Authorization: Bearer <key>'.",
  ),
  suspended: refusal(403, "account_suspended", "Your account is suspended."),
  wrongKey: refusal(403, "key_not_allowed", "An admin key runs no models. Use a tenant's key."),
  noModel: refusal(404, "model_not_found", "The model does not exist."),
  noRoute: refusal(404, "unknown_url", "There is nothing at this URL."),
  badMethod: refusal(405, "method_not_allowed", "This URL does not take this method."),
  slowClient: {
    ...refusal(408, "client_timeout", "The request took too long to arrive in full."),
    isRetryable: true,
  },
  tooLarge: refusal(413, "request_too_large", "The request's body is too large."),
  badMedia: refusal(
    415,
    "unsupported_media_type",
    "Expected a JSON body with 'content-type: application/json'.",
  ),
  rateLimit: limit("requests", "Too many requests per second."),
  tokenRateLimit: limit("tokens", "Too many tokens per minute."),
  concurrency: limit("requests", "As many of your requests are in progress as are allowed."),
  queueFull: limit("requests", "As many of your requests are waiting as are allowed."),
  throttled: limit("requests", "The server is busy, and you ask for more than your share of it."),
  dayQuota: quota("You exceeded your quota of tokens per day. It begins anew at midnight UTC."),
  monthQuota: quota(
    "You exceeded your spending limit of the month. It begins anew with the next month, UTC.",
  ),
  longHeader: refusal(431, "headers_too_large", "The request's headers are too large."),
  internal: failure(500, "internal_error", "The server failed. This is not your fault."),
  upstream: failure(502, "upstream_error", "The model server failed."),
  overloaded: failure(503, "overloaded", "The server is overloaded. Try again after a while."),
  draining: failure(503, "overloaded", "The server is shutting down. Try again after a while."),
  timeout: {
    ...failure(504, "request_timeout", "The answer took longer than the server allows."),
    isRetryable: false,
  },
} as const satisfies Readonly<Record<string, ErrorKind>>;

type ErrorName = keyof typeof ERRORS;

/** An error as one client gets it. */
export interface ApiError extends ErrorKind {
  readonly param: string | null;
  /** How long to wait before trying again, ns; 0: not known, undefined: not said. */
  readonly retryAfterNs: number | undefined;
}

type Details = Partial<Pick<ApiError, "message" | "param" | "retryAfterNs" | "isRetryable">>;

export function apiError(name: ErrorName, details: Details = {}): ApiError {
  return { ...ERRORS[name], param: null, retryAfterNs: undefined, ...details };
}

/** Another tenant's model or adapter is answered in the same words as one that nobody has. */
export function modelNotFound(model: string): ApiError {
  const shown = model.length > 200 ? `${model.slice(0, 200)}...` : model;
  const message = `The model '${shown}' does not exist or you do not have access to it. GET /v1/models lists yours.`;
  return apiError("noModel", { message, param: "model" });
}

export function rejectionError({ reason, retryAfterNs }: Rejection): ApiError {
  switch (reason) {
    case "too-large":
      return apiError("tooLong");
    case "adapter-unknown":
      return apiError("noModel", { param: "model" });
    case "rate-limit":
      return apiError("rateLimit", { retryAfterNs });
    case "tokens-per-minute":
      return retryAfterNs === Infinity
        ? apiError("tokenRateLimit", { message: NEVER_PER_MINUTE, isRetryable: false })
        : apiError("tokenRateLimit", { retryAfterNs });
    case "concurrency-limit":
      return apiError("concurrency", { retryAfterNs });
    case "queue-full":
      return apiError("queueFull", { retryAfterNs });
    case "tokens-per-day":
      return apiError("dayQuota");
    case "spend-per-month":
      return apiError("monthQuota");
    case "shed":
      return apiError("overloaded", { retryAfterNs });
    case "throttled":
      return apiError("throttled", { retryAfterNs });
    default:
      return unreachable(reason);
  }
}

const NEVER_PER_MINUTE =
  "The request alone is larger than your tokens per minute. Shorten the prompt or lower max_tokens.";

/** A body that the upstream refuses is the client's to mend; everything else is the server's. */
export function problemError(problem: UpstreamProblem | undefined): ApiError {
  if (problem === undefined) return apiError("upstream");
  const { status, message, isLasting = false } = problem;
  if (status >= 400 && status < 500) {
    return { ...apiError("badValue", { message }), status, code: "invalid_request" };
  }
  const isServers = status >= 500 && status < 600;
  const error = apiError("upstream", { message });
  return { ...error, status: isServers ? status : 502, isRetryable: !isLasting };
}

export function errorBody({ message, type, param, code }: ApiError): string {
  return JSON.stringify({ error: { message, type, param, code } });
}

/** Headers of an error, as names and values in turn. */
export function errorHeaders({ status, isRetryable, retryAfterNs }: ApiError): string[] {
  const headers = ["content-type", "application/json; charset=utf-8"];
  const wouldGuess = status === 408 || status === 409 || status === 429 || status >= 500;
  if (wouldGuess) headers.push("x-should-retry", String(isRetryable));
  if (retryAfterNs === undefined || retryAfterNs === Infinity) return headers;
  // When a limit frees itself at no time that is known, a second is as good as any; milliseconds would feign exactness.
  headers.push("retry-after", String(Math.max(1, Math.ceil(retryAfterNs / 1e9))));
  if (retryAfterNs > 0) headers.push("retry-after-ms", String(Math.ceil(retryAfterNs / 1e6)));
  return headers;
}

/** What the client sent is at fault. */
function refusal(status: number, code: string, message: string): ErrorKind {
  return { status, type: "invalid_request_error", code, isRetryable: false, message };
}

/** A limit that frees itself in seconds. */
function limit(type: "requests" | "tokens", message: string): ErrorKind {
  return { status: 429, type, code: "rate_limit_exceeded", isRetryable: true, message };
}

/** A limit that is used up for the day or the month: the official clients must not try again. */
function quota(message: string): ErrorKind {
  const name = "insufficient_quota";
  return { status: 429, type: name, code: name, isRetryable: false, message };
}

function failure(status: number, code: string, message: string): ErrorKind {
  return { status, type: "server_error", code, isRetryable: true, message };
}
