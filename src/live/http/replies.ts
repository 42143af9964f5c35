/**
 * Errors as replies: those of routes, those that Fastify makes itself, and those of Node's parser on a socket that never became a
 * request. All of them leave in the shape that OpenAI's clients know.
 */
import type { Socket } from "node:net";
import { STATUS_CODES } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type ApiError, apiError, errorBody, errorHeaders } from "./errors.ts";

/** An error that a route, hook or parser throws to have it told to the client. */
export class HttpError extends Error {
  readonly apiError: ApiError;

  constructor(error: ApiError) {
    super(error.message);
    this.apiError = error;
  }
}

export function sendError(reply: FastifyReply, error: ApiError): void {
  const headers = errorHeaders(error);
  for (let index = 0; index < headers.length; index += 2) {
    reply.header(headers[index]!, headers[index + 1]!);
  }
  reply.code(error.status).send(errorBody(error));
}

/** For Fastify's setErrorHandler. Only what nobody foresaw is a 500, and is logged. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = error instanceof HttpError ? error.apiError : fastifyError(error);
  if (known === undefined) request.log.error({ err: error, request: request.id }, "failed");
  // Fastify would close the connection on a client that still sends, which could lose the answer: the rest is read and dropped.
  reply.removeHeader("connection");
  sendError(reply, known ?? apiError("internal"));
}

/** For URLs that Fastify cannot route. */
export function handleFrameworkError(
  _error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.header("x-request-id", request.id);
  sendError(reply, apiError("badUrl"));
}

function fastifyError(error: unknown): ApiError | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return apiError("tooLarge");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return apiError("badMedia");
    default:
      // The client broke off its body, or sent less than it announced.
      return statusCode === 400 ? apiError("badBody") : undefined;
  }
}

/** For the server's clientError event: no request exists, and nothing is known of whoever sent it. */
export function handleClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = clientError(error.code);
  const body = errorBody(known);
  const headers = [...errorHeaders(known), "content-length", String(Buffer.byteLength(body))];
  let head = `HTTP/1.1 ${known.status} ${STATUS_CODES[known.status]}\r\nconnection: close\r\n`;
  for (let index = 0; index < headers.length; index += 2) {
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  }
  socket.end(`${head}\r\n${body}`, () => socket.destroySoon());
}

function clientError(code: string | undefined): ApiError {
  if (code === "HPE_HEADER_OVERFLOW") return apiError("longHeader");
  return apiError(code === "ERR_HTTP_REQUEST_TIMEOUT" ? "slowClient" : "badRequest");
}
