/**
 * API keys: 32 random bytes behind a prefix, shown once and kept as SHA-256 only. The key ring holds what a running server
 * needs to answer "whose key is this" without asking the store: it is filled from the store and refreshed whenever the
 * store's version has changed.
 */
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { KeyFinding, KeyLookup } from "./http/key-lookup.ts";
import type { Store, StoredKey } from "./store/store.ts";

const PREFIX = "sk-tenantry-";
const KEY = /^sk-tenantry-[\w-]{43}$/u;
const KEY_BYTES = 32;
const ID_BYTES = 6;

/** A key as it is shown to its owner, once, and as it is kept. */
export interface NewKey {
  readonly key: string;
  readonly stored: StoredKey;
}

/** `tenant` undefined makes an administrator's key. */
export function newKey(given: {
  readonly tenant: string | undefined;
  readonly createdMs: number;
  readonly expiresMs: number | undefined;
}): NewKey {
  const key = `${PREFIX}${randomBytes(KEY_BYTES).toString("base64url")}`;
  const stored: StoredKey = {
    id: `k-${randomBytes(ID_BYTES).toString("hex")}`,
    tenant: given.tenant,
    hash: hashOf(key),
    label: `${PREFIX}...${key.slice(-4)}`,
    createdMs: given.createdMs,
    expiresMs: given.expiresMs,
    revokedMs: undefined,
  };
  return { key, stored };
}

/** Why a key that is known is not accepted at `nowMs`; undefined when it is. */
export function refusalOf(key: StoredKey, nowMs: number): "expired" | "revoked" | undefined {
  if (key.revokedMs !== undefined) return "revoked";
  return key.expiresMs !== undefined && key.expiresMs <= nowMs ? "expired" : undefined;
}

interface Known {
  readonly key: StoredKey;
  readonly hash: Buffer;
}

export class KeyRing implements KeyLookup {
  readonly #store: Pick<Store, "admin">;
  readonly #nowMs: () => number;
  #known: ReadonlyMap<string, Known> = new Map();
  #suspended: ReadonlySet<string> = new Set();

  private constructor(store: Pick<Store, "admin">, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  static async load(store: Pick<Store, "admin">, nowMs: () => number = Date.now): Promise<KeyRing> {
    const ring = new KeyRing(store, nowMs);
    await ring.refresh();
    return ring;
  }

  /** Keys in all, the refused ones included. */
  get size(): number {
    return this.#known.size;
  }

  /** Takes over what the store has now, all at once; keeps what it has when the store cannot be read. */
  async refresh(): Promise<void> {
    const { admin } = this.#store;
    const [keys, tenants] = await Promise.all([admin.keys(), admin.tenants()]);
    this.#known = new Map(
      keys.map((key) => [key.hash, { key, hash: Buffer.from(key.hash, "hex") }]),
    );
    const suspended = tenants.filter(({ isSuspended }) => isSuspended);
    this.#suspended = new Set(suspended.map(({ name }) => name));
  }

  find(presented: string): (KeyFinding & { readonly keyId: string }) | undefined {
    if (!KEY.test(presented)) return undefined;
    const digest = hashOf(presented);
    const known = this.#known.get(digest);
    // The map is asked for a hash, of which nobody can choose the letters; the last word has a comparison in constant time.
    if (known === undefined || !timingSafeEqual(known.hash, Buffer.from(digest, "hex"))) {
      return undefined;
    }
    const refused = refusalOf(known.key, this.#nowMs());
    const { id: keyId, tenant } = known.key;
    if (refused !== undefined) return { keyId, refused };
    if (tenant === undefined) return { keyId, admin: true };
    return { keyId, tenant, isSuspended: this.#suspended.has(tenant) };
  }
}

function hashOf(key: string): string {
  return hash("sha256", key);
}
