/**
 * Who is asking: the tenant whose key a request shows. Done before the body is read, so that nobody without a key makes the
 * server read one. What is wrong with a key is logged and never told.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { apiError } from "./errors.ts";
import type { KeyFinding, KeyLookup } from "./key-lookup.ts";
import type { ModelDirectory } from "./model-directory.ts";
import { sendError } from "./replies.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Index of the tenant whose key the request shows; -1 before that is known. */
    tenant: number;
  }
}

const BEARER = /^bearer +(\S+) *$/iu;
/** Longer than any key of ours; what is longer is not even looked up. */
const MOST_KEY_CHARS = 512;

interface AuthParts {
  readonly keys: KeyLookup;
  readonly directory: ModelDirectory;
}

/** The hook that finds the tenant, or answers 401 or 403. */
export function tenantHook({ keys, directory }: AuthParts) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const presented = presentedKey(request);
    const finding = presented === undefined ? undefined : keys.find(presented);
    const index = tenantNameOf(finding);
    if (index !== undefined) request.tenant = directory.tenantIndex(index) ?? -1;
    if (request.tenant >= 0) {
      done();
      return;
    }
    request.log.info({ request: request.id, why: refusalWord(presented, finding) }, "key refused");
    sendError(reply, apiError(refusalOf(finding)));
  };
}

/** The key of the authorization header. */
export function presentedKey(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined || header.length > MOST_KEY_CHARS) return undefined;
  return BEARER.exec(header)?.[1];
}

function tenantNameOf(finding: KeyFinding | undefined): string | undefined {
  if (finding === undefined || !("tenant" in finding)) return undefined;
  return finding.isSuspended === true ? undefined : finding.tenant;
}

function refusalOf(finding: KeyFinding | undefined): "badKey" | "suspended" | "wrongKey" {
  if (finding === undefined || "refused" in finding) return "badKey";
  // A tenant that has left the platform has no access, as one that is suspended.
  return "admin" in finding ? "wrongKey" : "suspended";
}

function refusalWord(presented: string | undefined, finding: KeyFinding | undefined): string {
  if (presented === undefined) return "missing or malformed";
  if (finding === undefined) return "unknown";
  if ("refused" in finding) return finding.refused;
  if ("admin" in finding) return "an admin key";
  return finding.isSuspended === true ? "tenant suspended" : "tenant not in the scenario";
}
