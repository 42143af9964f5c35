/** What has no route: 404, or 405 with the methods that the same URL does take. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { apiError } from "./errors.ts";
import { sendError } from "./replies.ts";

/** Listens to every route that is added from here on. */
export function addNotFound(app: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    let methods = methodsOf.get(url);
    if (methods === undefined) methodsOf.set(url, (methods = new Set()));
    for (const one of [method].flat()) methods.add(one);
  });
  app.setNotFoundHandler((request, reply) => answer(request, reply, methodsOf));
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  methodsOf: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  const path = request.url.split("?", 1)[0]!;
  const methods = methodsOf.get(path);
  const shown = `${request.method} ${path.length > 200 ? `${path.slice(0, 200)}...` : path}`;
  if (methods === undefined) {
    sendError(reply, apiError("noRoute", { message: `There is nothing at this URL (${shown}).` }));
    return;
  }
  const allowed = [...methods].toSorted().join(", ");
  reply.header("allow", allowed);
  const message = `This URL does not take this method (${shown}); it takes ${allowed}.`;
  sendError(reply, apiError("badMethod", { message }));
}
