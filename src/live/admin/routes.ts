/** The admin API: what AdminActions can do, over HTTP, for holders of an administrator's key. Documented in docs/operations.md. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Actor, BillLine } from "../store/store.ts";
import { type AdminActions, AdminError } from "./actions.ts";

const NAME = /^[A-Za-z][\w.-]*$/u;
/** Names become labels of metrics and lines of bills. */
const MAX_NAME_LENGTH = 100;
const MAX_GRACE_SECONDS = 366 * 24 * 3600;
const INSTANT = { error: "expected a time such as 2026-11-01T00:00:00Z" };
const nameParams = z.object({
  name: z.string().max(MAX_NAME_LENGTH).regex(NAME, { error: "a name begins with a letter" }),
});
const idParams = z.object({ id: z.string() });
const newKeyBody = z.strictObject({
  tenant: z.string().optional(),
  admin: z.literal(true).optional(),
  expires: z.iso.datetime(INSTANT).optional(),
});
const rotateBody = z.strictObject({
  graceSeconds: z.number().nonnegative().max(MAX_GRACE_SECONDS).default(0),
  expires: z.iso.datetime(INSTANT).optional(),
});
const billQuery = z.object({
  tenant: z.string().optional(),
  from: z.iso.datetime(INSTANT),
  to: z.iso.datetime(INSTANT),
});
const auditQuery = z.object({ limit: z.coerce.number().int().positive().max(10_000).default(100) });

export interface AdminRoutesParts {
  readonly actions: AdminActions;
  readonly isAdmin: (request: FastifyRequest) => boolean;
  readonly nowMs: () => number;
}

export function addAdminRoutes(app: FastifyInstance, parts: AdminRoutesParts): void {
  const { actions } = parts;
  const by = (): Actor => ({ who: "admin API", atMs: parts.nowMs() });
  app.addHook("onRequest", async (request, reply) => {
    if (!parts.isAdmin(request)) await reply.code(401).send(errorBody(401, NEEDS_KEY));
  });
  app.setErrorHandler((error, _request, reply) => refuse(error, reply));
  app.get("/admin/tenants", async () => ({ data: await actions.tenants() }));
  app.put("/admin/tenants/:name", async (request, reply) => {
    const spec = z.record(z.string(), z.unknown()).parse(request.body);
    await actions.putTenant(nameParams.parse(request.params).name, spec, by());
    return reply.code(204).send();
  });
  for (const [verb, isSuspended] of [["suspend", true] as const, ["resume", false] as const]) {
    app.post(`/admin/tenants/:name/${verb}`, async (request, reply) => {
      await actions.setSuspended(nameParams.parse(request.params).name, isSuspended, by());
      return reply.code(204).send();
    });
  }
  addKeyRoutes(app, parts, by);
  app.post("/admin/reload", async (_request, reply) => {
    await actions.reload(by());
    return reply.code(204).send();
  });
  app.get("/admin/bills", async (request: FastifyRequest, reply: FastifyReply) => {
    const { tenant, from, to } = billQuery.parse(request.query);
    const lines = await actions.bills({ tenant, fromMs: Date.parse(from), toMs: Date.parse(to) });
    return reply.send({ data: lines.map(billLine) });
  });
  app.get("/admin/audit", async (request: FastifyRequest, reply: FastifyReply) => {
    const { limit } = auditQuery.parse(request.query);
    return reply.send({ data: await actions.auditLog(limit) });
  });
}

function addKeyRoutes(app: FastifyInstance, parts: AdminRoutesParts, by: () => Actor): void {
  const { actions } = parts;
  app.get("/admin/keys", async () => ({ data: await actions.keyList() }));
  app.post("/admin/keys", async (request, reply) => {
    const { tenant, admin, expires } = newKeyBody.parse(request.body);
    if ((tenant === undefined) !== (admin === true)) {
      throw new AdminError(400, "expected either a tenant, or admin: true");
    }
    const expiresMs = endOf(expires, parts.nowMs());
    return reply.code(201).send(await actions.createKey({ tenant, expiresMs }, by()));
  });
  app.post("/admin/keys/:id/rotate", async (request: FastifyRequest, reply: FastifyReply) => {
    const { graceSeconds, expires } = rotateBody.parse(request.body ?? {});
    const { id } = idParams.parse(request.params);
    const given = { graceMs: graceSeconds * 1000, expiresMs: endOf(expires, parts.nowMs()) };
    return reply.send(await actions.rotateKey(id, given, by()));
  });
  app.delete("/admin/keys/:id", async (request, reply) => {
    await actions.revokeKey(idParams.parse(request.params).id, by());
    return reply.code(204).send();
  });
}

function endOf(expires: string | undefined, nowMs: number): number | undefined {
  if (expires === undefined) return undefined;
  const endMs = Date.parse(expires);
  if (endMs <= nowMs) throw new AdminError(400, `expires: ${expires} is over already`);
  return endMs;
}

const NEEDS_KEY = "Send an administrator's key as 'Authorization: Bearer <key>'.";

function refuse(error: unknown, reply: FastifyReply): void {
  if (error instanceof AdminError) {
    reply.code(error.status).send(errorBody(error.status, error.message));
    return;
  }
  if (error instanceof z.ZodError) {
    const message = error.issues
      .map(({ path, message: what }) => `${path.join(".") || "body"}: ${what}`)
      .join("; ");
    reply.code(400).send(errorBody(400, message));
    return;
  }
  throw error;
}

function errorBody(status: number, message: string): object {
  const type = status === 401 ? "authentication_error" : "invalid_request_error";
  return { error: { message, type, param: null, code: null } };
}

/** Money and quantities as decimal text: they may be beyond exact doubles. */
function billLine(line: BillLine): object {
  return {
    ...line,
    quantity: line.quantity.toString(),
    amountNanoUsd: line.amountNanoUsd.toString(),
    estimatedQuantity: line.estimatedQuantity.toString(),
    estimatedNanoUsd: line.estimatedNanoUsd.toString(),
  };
}
