/**
 * The HTTP server: an OpenAI-compatible API in front of the driver. Puts the routes together and sets the limits of size and
 * time under which sockets are read; decides nothing about tenants, models or money. Others add their routes (metrics,
 * dashboard, admin) through `extensions`.
 */
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { type FastifyBaseLogger, type FastifyInstance, LogController, fastify } from "fastify";
import type { Logger } from "pino";
import type { PlatformConfig } from "../../engine/config.ts";
import type { ServeConfig } from "../../scenario/serve-config.ts";
import type { Driver } from "../driver.ts";
import type { AnswerContext, AnswerLimits } from "./answer.ts";
import type { CountPrompt } from "./ask.ts";
import { tenantHook } from "./auth.ts";
import { apiError } from "./errors.ts";
import { addGenerationRoutes } from "./generation.ts";
import { parseJsonBody } from "./json-body.ts";
import type { KeyLookup } from "./key-lookup.ts";
import { ModelDirectory } from "./model-directory.ts";
import { addModelRoutes } from "./models.ts";
import { addNotFound } from "./not-found.ts";
import {
  HttpError,
  handleClientError,
  handleError,
  handleFrameworkError,
  sendError,
} from "./replies.ts";
import { Flusher } from "./response-writer.ts";
import type { Traffic } from "./traffic.ts";

export interface HttpParts {
  readonly driver: Driver;
  /** As it is now: a reload replaces it. */
  readonly platform: () => PlatformConfig;
  readonly serve: ServeConfig;
  readonly keys: KeyLookup;
  readonly countPrompt: CountPrompt;
  readonly log: Logger;
  readonly traffic: Traffic;
  /** Unix time at which the server began, ms: when its models were made, as far as clients can tell. */
  readonly startedAtMs: number;
  /** Certificate chain and private key in PEM; undefined: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Routes of others. Each has a scope of its own for hooks; errors and 404s are the server's. */
  readonly extensions: readonly ((app: FastifyInstance) => void)[];
  /** Told of every request that the driver had no room for. */
  readonly onOverload?: () => void;
  /** Instead of the usual limits for slow readers. */
  readonly slowReaders?: Pick<AnswerLimits, "maxBufferedBytes" | "maxStallMs">;
}

/** Four times what Node gathers before it says that a socket is slow; some 1,500 chunks of a chat. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** 256 KiB in half a minute is less than any link that can carry a chat. */
const MAX_STALL_MS = 30_000;
/** Names of models in URLs: names of the scenario are shorter, those of Hugging Face at most 96. */
const MAX_PARAM_CHARS = 512;
/** Node's own default, said aloud: keys, ids and a proxy's additions take a fraction. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How often Node looks for sockets that are too slow to send: what its limits may be exceeded by. */
const CHECK_SLOW_EVERY_MS = 1000;

const PLAIN_ONLY = "Expected a JSON body in UTF-8, without a content-encoding.";

/** Bodies are read as they come: neither unpacked, where a small one may hold a huge one, nor put into other letters. */
function isPlainUtf8(headers: IncomingHttpHeaders): boolean {
  const { "content-encoding": encoding = "identity", "content-type": type = "" } = headers;
  const charset = /;\s*charset="?([^";\s]+)/iu.exec(type)?.[1] ?? "utf-8";
  return encoding.toLowerCase() === "identity" && /^utf-?8$/iu.test(charset);
}

export function createHttpServer(parts: HttpParts): FastifyInstance {
  const app = createApp(parts);
  const { traffic } = parts;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    "application/json",
    { parseAs: "buffer" },
    (request, bytes, done) => {
      if (!isPlainUtf8(request.headers)) {
        done(new HttpError(apiError("badMedia", { message: PLAIN_ONLY })));
        return;
      }
      const parsed = parseJsonBody(bytes);
      if (parsed.kind === "value") done(null, parsed.value);
      else done(new HttpError(parsed.error));
    },
  );
  app.setErrorHandler(handleError);
  addNotFound(app);
  app.decorateRequest("tenant", -1);
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    if (traffic.isDraining) reply.header("connection", "close");
    done();
  });
  addHealthRoutes(app, traffic);
  app.register(
    (v1, _options, done) => {
      addV1(v1, parts);
      done();
    },
    { prefix: "/v1" },
  );
  for (const extend of parts.extensions) {
    app.register((scope, _options, done) => {
      extend(scope);
      done();
    });
  }
  return app;
}

function createApp({ serve, log, tls }: HttpParts): FastifyInstance {
  const nextId = requestIds();
  const bodyTimeoutMs = serve.bodyTimeoutNs / 1e6;
  const options = {
    loggerInstance: log as FastifyBaseLogger,
    // One line per answer is written where its end is known (answer.ts).
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger: FastifyBaseLogger) => logger,
    genReqId: nextId,
    requestIdHeader: false as const,
    bodyLimit: serve.maxBodyBytes,
    requestTimeout: bodyTimeoutMs,
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    frameworkErrors: handleFrameworkError,
    clientErrorHandler: handleClientError,
    // Newcomers are refused in our own words while draining.
    return503OnClosing: false,
  };
  const nodeOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    // Headers are part of the request: Node refuses a limit for them beyond the one for the whole.
    headersTimeout: Math.min(serve.headerTimeoutNs / 1e6, bodyTimeoutMs),
    connectionsCheckingInterval: CHECK_SLOW_EVERY_MS,
  };
  if (tls === undefined) return fastify({ ...options, http: nodeOptions });
  return fastify({ ...options, https: { ...nodeOptions, ...tls } });
}

/** Live as long as it answers; ready unless it is going away. */
function addHealthRoutes(app: FastifyInstance, traffic: Traffic): void {
  app.get("/health", (_request, reply) => {
    reply.send({ status: "ok" });
  });
  app.get("/ready", (_request, reply) => {
    reply
      .code(traffic.isDraining ? 503 : 200)
      .send({ status: traffic.isDraining ? "draining" : "ready" });
  });
}

function addV1(v1: FastifyInstance, parts: HttpParts): void {
  const { driver, traffic, log, serve, keys, countPrompt, startedAtMs } = parts;
  const directory = new ModelDirectory(parts.platform);
  const context: AnswerContext = {
    driver,
    traffic,
    flusher: new Flusher(),
    log,
    limits: {
      requestTimeoutMs: serve.requestTimeoutNs / 1e6,
      maxBufferedBytes: MAX_BUFFERED_BYTES,
      maxStallMs: MAX_STALL_MS,
      ...parts.slowReaders,
    },
    tierOf: (tenant) => directory.tierOf(tenant),
    onOverload: parts.onOverload ?? (() => {}),
  };
  v1.addHook("onRequest", (_request, reply, done) => {
    if (traffic.isDraining) sendError(reply, apiError("draining", { retryAfterNs: 0 }));
    else done();
  });
  v1.addHook("onRequest", tenantHook({ keys, directory }));
  addModelRoutes(v1, { directory, startedAtMs });
  const hasEmbeddings = serve.backend === "openai";
  addGenerationRoutes(v1, { context, directory, countPrompt, hasEmbeddings });
}

/** Ids that no other start of a server gives out: a random part, and a count. */
function requestIds(): () => string {
  const start = randomBytes(9).toString("base64url");
  let count = 0;
  return () => `r${start}-${(count++).toString(36)}`;
}
