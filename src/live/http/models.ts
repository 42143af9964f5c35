/** GET /v1/models: what the asking tenant may name as its model, and nothing of anyone else's. */
import type { FastifyInstance } from "fastify";
import { modelNotFound } from "./errors.ts";
import type { ModelDirectory, Target } from "./model-directory.ts";
import { sendError } from "./replies.ts";

interface ModelsParts {
  readonly directory: ModelDirectory;
  readonly startedAtMs: number;
}

export function addModelRoutes(
  app: FastifyInstance,
  { directory, startedAtMs }: ModelsParts,
): void {
  const createdS = Math.floor(startedAtMs / 1000);
  app.get("/models", (request, reply) => {
    const targets = directory.targetsOf(request.tenant);
    const data = [...targets].map(([name, target]) => modelRecord(name, target, createdS));
    reply.send({ object: "list", data });
  });
  // A wildcard, for names may hold slashes.
  app.get<{ Params: { "*": string } }>("/models/*", (request, reply) => {
    const name = request.params["*"];
    const target = directory.targetsOf(request.tenant).get(name);
    if (target === undefined) sendError(reply, modelNotFound(name));
    else reply.send(modelRecord(name, target, createdS));
  });
}

function modelRecord(id: string, { adapter }: Target, created: number): object {
  const record = { id, object: "model", created, owned_by: "tenantry" };
  return adapter === undefined ? record : { ...record, is_adapter: true };
}
