/** Finds out about a server before the load begins: whether it answers, takes the keys, knows the models, and what it is. */
import { request } from "undici";
import { parseRecord, recordOf } from "./json.ts";

/** A server that takes longer for its list of models is not fit for a load test. */
const TIMEOUT_MS = 10_000;

export type ServerAnswer =
  | {
      readonly kind: "models";
      /** Undefined where the server has no such list. */
      readonly models: readonly string[] | undefined;
      /** The paced backend's hint may be used. */
      readonly isTenantry: boolean;
    }
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  | { readonly kind: "unreachable"; readonly message: string };

/** Asks for the models that this key may use. */
export async function askServer(
  server: { readonly origin: string; readonly basePath: string },
  key: string | undefined,
): Promise<ServerAnswer> {
  let status: number;
  let text: string;
  try {
    const answer = await request(`${server.origin}${server.basePath}/models`, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    status = answer.statusCode;
    text = await answer.body.text();
  } catch (error) {
    return { kind: "unreachable", message: wordsOf(error) };
  }
  const body = parseRecord(text);
  if (status === 401 || status === 403) {
    const message = recordOf(body?.["error"])?.["message"];
    return { kind: "refused", status, message: typeof message === "string" ? message : text };
  }
  const data = body?.["data"];
  const rows = Array.isArray(data) ? data.map(recordOf) : undefined;
  return {
    kind: "models",
    models: rows?.flatMap((row) => (typeof row?.["id"] === "string" ? [row["id"]] : [])),
    isTenantry: rows?.some((row) => row?.["owned_by"] === "tenantry") === true,
  };
}

function wordsOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return "nothing listens there (connection refused)";
  if (code === "ENOTFOUND") return "no machine has that name";
  return error instanceof Error && error.message !== "" ? error.message : String(code ?? error);
}
