/** The routes that run models: chat completions, completions, embeddings. Reads what is asked and starts its answer. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Endpoint } from "../exchange.ts";
import { Answer, type AnswerContext } from "./answer.ts";
import { type CountPrompt, readAsk } from "./ask.ts";
import { apiError } from "./errors.ts";
import type { ModelDirectory } from "./model-directory.ts";
import { sendError } from "./replies.ts";

export interface GenerationParts {
  readonly context: AnswerContext;
  readonly directory: ModelDirectory;
  readonly countPrompt: CountPrompt;
  /** A backend that simulates has no embeddings to give. */
  readonly hasEmbeddings: boolean;
}

export function addGenerationRoutes(app: FastifyInstance, parts: GenerationParts): void {
  app.post("/chat/completions", handler("chat", parts));
  app.post("/completions", handler("completion", parts));
  if (parts.hasEmbeddings) app.post("/embeddings", handler("embedding", parts));
  else {
    const message =
      "Embeddings need a real model: set serve.backend to openai and name upstream servers.";
    app.post("/embeddings", (_request, reply) => {
      sendError(reply, apiError("unsupported", { message }));
    });
  }
}

function handler(endpoint: Endpoint, parts: GenerationParts) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const asked = readAsk(endpoint, request.tenant, request.body, parts);
    if (asked.kind === "refused") {
      sendError(reply, asked.error);
      return;
    }
    reply.hijack();
    // Gone while its body was read.
    if (request.raw.socket.destroyed) return;
    const call = { id: request.id, request: request.raw, response: reply.raw };
    new Answer(parts.context, asked.ask, call).start();
  };
}
