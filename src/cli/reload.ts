/** `tenantry reload`: asks a running server to take over its scenario file as it is now, whole or not at all. */
import { EXIT, InputError } from "./exit-codes.ts";

export interface ReloadOptions {
  readonly url: string;
  readonly key?: string;
}

/** Runs the command; returns its exit code. Fails: InputError with the server's reason when it refuses. */
export async function reloadCommand({ url, key }: ReloadOptions): Promise<number> {
  const adminKey = key ?? process.env["TENANTRY_ADMIN_KEY"];
  if (adminKey === undefined) {
    throw new InputError("an administrator's key is needed: --key, or TENANTRY_ADMIN_KEY");
  }
  const response = await post(url, adminKey);
  if (response.status === 204) {
    process.stdout.write("reloaded\n");
    return EXIT.fine;
  }
  throw new InputError(`the server refused (${response.status}): ${await reasonIn(response)}`);
}

async function post(url: string, key: string): Promise<Response> {
  try {
    return await fetch(new URL("/admin/reload", url), {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
    });
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const message = reason instanceof Error ? reason.message : String(reason);
    throw new InputError(`cannot reach ${url}: ${message}`, { cause: error });
  }
}

async function reasonIn(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body: { error?: { message?: string } } = JSON.parse(text);
    return body.error?.message ?? text;
  } catch {
    return text;
  }
}
