/** `tenantry audit`: who changed what in the store, and when. */
import { EXIT, InputError } from "./exit-codes.ts";
import { type StorageOptions, withStore } from "./storage.ts";
import { utc } from "./ledger-text.ts";

export interface AuditOptions extends StorageOptions {
  readonly limit: string;
  readonly json?: boolean;
}

/** Runs the command; returns its exit code. */
export function auditCommand(file: string | undefined, options: AuditOptions): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new InputError(`--limit: expected a whole number above 0, got ${options.limit}`);
  }
  return withStore({ ...options, scenario: file, mustExist: true }, async (store) => {
    for (const { atMs, who, what, detail } of await store.admin.auditLog(limit)) {
      const line =
        options.json === true
          ? JSON.stringify({ at: new Date(atMs).toISOString(), who, what, detail })
          : `${utc(atMs)}  ${who}  ${what}  ${JSON.stringify(detail)}`;
      // No text of the log can steer the terminal it is read on.
      process.stdout.write(`${line.replaceAll(/\p{Cc}/gu, "\uFFFD")}\n`);
    }
    return EXIT.fine;
  });
}
