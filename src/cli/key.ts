/**
 * `tenantry key`: makes, rotates, revokes and lists API keys. A key is printed once, alone on stdout, so that a script can
 * take it; what is said about it goes to stderr. Nobody can print it again.
 */
import { newKey, refusalOf } from "../live/keys.ts";
import type { Store, StoredKey } from "../live/store/store.ts";
import { parseDurationNs } from "../scenario/units.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { utc } from "./ledger-text.ts";
import { printTable } from "./output.ts";
import { requireTenant, scenarioWith } from "./known-tenants.ts";
import { actor, type StorageOptions, withStore } from "./storage.ts";

export interface KeyCreateOptions extends StorageOptions {
  readonly tenant?: string;
  readonly admin?: boolean;
  readonly expires?: string;
}

export interface KeyRotateOptions extends StorageOptions {
  readonly grace?: string;
  readonly expires?: string;
}

export interface KeyListOptions extends StorageOptions {
  readonly tenant?: string;
  readonly json?: boolean;
}

/** Runs `key create` and returns its exit code. */
export function keyCreate(file: string, options: KeyCreateOptions): Promise<number> {
  const { tenant, admin = false } = options;
  if ((tenant === undefined) === !admin) {
    throw new InputError(
      "a key is for one tenant or for the administrator: give --tenant or --admin",
    );
  }
  const expiresInMs = durationMs("--expires", options.expires);
  return withStore({ ...options, scenario: file, mustExist: false }, async (store) => {
    if (tenant !== undefined) {
      requireTenant(scenarioWith(file, await store.admin.tenants()), tenant);
    }
    const by = actor();
    const made = newKey({ tenant, createdMs: by.atMs, expiresMs: after(by.atMs, expiresInMs) });
    await store.admin.createKey(made.stored, by);
    show(made.key, made.stored);
    return EXIT.fine;
  });
}

/** Runs `key rotate`: a new key for the same owner; the old one ends at once, or after --grace. */
export function keyRotate(file: string, id: string, options: KeyRotateOptions): Promise<number> {
  const graceMs = durationMs("--grace", options.grace) ?? 0;
  const expiresInMs = durationMs("--expires", options.expires);
  return withStore({ ...options, scenario: file, mustExist: true }, async (store) => {
    const by = actor();
    const old = await keyOf(store, id);
    const refusal = refusalOf(old, by.atMs);
    if (refusal !== undefined) {
      throw new InputError(
        `key ${id} is ${refusal} and has nothing to hand on; make another with: tenantry key create`,
      );
    }
    const expiresMs = after(by.atMs, expiresInMs) ?? old.expiresMs;
    const made = newKey({ tenant: old.tenant, createdMs: by.atMs, expiresMs });
    const change = { replacement: made.stored, oldExpiresMs: by.atMs + graceMs };
    await store.admin.rotateKey(id, change, by);
    show(made.key, made.stored);
    const end = graceMs === 0 ? "ends now" : `ends at ${utc(change.oldExpiresMs)} UTC`;
    process.stderr.write(`key ${id} ${end}\n`);
    return EXIT.fine;
  });
}

export function keyRevoke(file: string, id: string, options: StorageOptions): Promise<number> {
  return withStore({ ...options, scenario: file, mustExist: true }, async (store) => {
    await keyOf(store, id);
    await store.admin.revokeKey(id, actor());
    process.stdout.write(`key ${id} is revoked\n`);
    return EXIT.fine;
  });
}

export function keyList(file: string, options: KeyListOptions): Promise<number> {
  return withStore({ ...options, scenario: file, mustExist: true }, async (store) => {
    const nowMs = Date.now();
    const keys = (await store.admin.keys())
      .filter(({ tenant }) => options.tenant === undefined || tenant === options.tenant)
      .map((key) => withoutHash(key, nowMs));
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify(keys, undefined, 2)}\n`);
      return EXIT.fine;
    }
    const rows = keys.map(({ id, tenant, label, createdMs, expiresMs, state }) => [
      id,
      tenant ?? "(admin)",
      label.slice(-4),
      utc(createdMs).slice(0, 10),
      expiresMs === undefined ? "" : utc(expiresMs).slice(0, 16),
      state,
    ]);
    const head = ["Key", "Tenant", "Ends in", "Created", "Expires", "State"];
    printTable({ title: "Keys", head, rows });
    return EXIT.fine;
  });
}

async function keyOf(store: Store, id: string): Promise<StoredKey> {
  const keys = await store.admin.keys();
  const found = keys.find((key) => key.id === id);
  if (found !== undefined) return found;
  throw new InputError(`there is no key '${id}'; see: tenantry key list`);
}

/** As it may be shown. */
function withoutHash(key: StoredKey, nowMs: number) {
  const { id, tenant, label, createdMs, expiresMs, revokedMs } = key;
  const state = refusalOf(key, nowMs) ?? "active";
  return { id, tenant, label, createdMs, expiresMs, revokedMs, state };
}

function show(key: string, { id, tenant, expiresMs }: StoredKey): void {
  const whose = tenant === undefined ? "the administrator" : `tenant ${tenant}`;
  const until = expiresMs === undefined ? "" : `, valid until ${utc(expiresMs)} UTC`;
  process.stderr.write(`key ${id} for ${whose}${until}; it is shown only now:\n`);
  process.stdout.write(`${key}\n`);
}

function after(nowMs: number, durationInMs: number | undefined): number | undefined {
  return durationInMs === undefined ? undefined : nowMs + durationInMs;
}

/** 100 years: farther times could not be stored. */
const MAX_DURATION_NS = 100 * 366 * 86_400e9;

function durationMs(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDurationNs(text);
  if (parsed.kind === "value" && parsed.value > MAX_DURATION_NS) {
    throw new InputError(`${option}: expected 100 years at most, got '${text}'`);
  }
  if (parsed.kind === "value") return Math.round(parsed.value / 1e6);
  throw new InputError(`${option}: ${parsed.message}`);
}
