/**
 * What an administrator can do to a running platform: tenants, keys, reload, bills. Each action is checked against the whole
 * scenario before it is stored, takes effect at once, and stands in the audit log. HTTP and the server's own timer use it.
 */
import type { Scenario } from "../../scenario/scenario.ts";
import type { Driver } from "../driver.ts";
import type { JsonObject } from "../exchange.ts";
import type { ScenarioSource } from "../inputs.ts";
import { type KeyRing, newKey, refusalOf } from "../keys.ts";
import type {
  Actor,
  BillLine,
  LedgerFilter,
  Store,
  StoredKey,
  StoredTenant,
} from "../store/store.ts";
import { withStoredTenants } from "../stored-tenants.ts";

/** An action that is refused: nothing has changed. The message is for the administrator. */
export class AdminError extends Error {
  override name = "AdminError";
  readonly status: 400 | 404 | 409;

  constructor(status: 400 | 404 | 409, message: string) {
    super(message);
    this.status = status;
  }
}

/** Reads and checks a scenario. Throws with all its problems in the message. */
export type LoadScenario = (source: ScenarioSource) => Scenario;

export interface AdminParts {
  readonly driver: Driver;
  readonly store: Store;
  readonly keys: KeyRing;
  /** The scenario as it was started with, without the stored tenants. */
  readonly source: ScenarioSource;
  /** The scenario file as it is now, likewise. */
  readonly readSource: () => ScenarioSource;
  readonly load: LoadScenario;
}

export class AdminActions {
  readonly #parts: AdminParts;
  /** What was last taken over: edits of the file count from the next reload on, and not from somebody's new key. */
  #source: ScenarioSource;
  #version = -1;

  constructor(parts: AdminParts) {
    this.#parts = parts;
    this.#source = parts.source;
  }

  /** Every tenant of the platform, those of the file and those beside it. */
  async tenants(): Promise<readonly JsonObject[]> {
    const stored = new Map((await this.#stored()).map((one) => [one.name, one]));
    const { platform } = this.#parts.driver.engine;
    return platform.tenants.map(({ name, tier, weight }) => ({
      name,
      tier: platform.tiers[tier]!.name,
      weight,
      isSuspended: stored.get(name)?.isSuspended ?? false,
      isStored: stored.get(name)?.spec !== undefined,
    }));
  }

  /** Adds a tenant, or replaces its settings; refused whole where the platform cannot take it while it runs. */
  async putTenant(name: string, spec: JsonObject, by: Actor): Promise<void> {
    const others = (await this.#stored()).filter((one) => one.name !== name);
    this.#reload(this.#source, [...others, { name, spec }]);
    await this.#parts.store.admin.putTenant({ name, spec }, by);
  }

  async setSuspended(name: string, isSuspended: boolean, by: Actor): Promise<void> {
    this.#expectTenant(name);
    await this.#parts.store.admin.setSuspended(name, isSuspended, by);
    await this.#parts.keys.refresh();
  }

  async keyList(): Promise<readonly Omit<StoredKey, "hash">[]> {
    const keys = await this.#parts.store.admin.keys();
    return keys.map(({ id, tenant, label, createdMs, expiresMs, revokedMs }) => ({
      id,
      tenant,
      label,
      createdMs,
      expiresMs,
      revokedMs,
    }));
  }

  /** The key is in the answer, and nowhere else ever after. `tenant` undefined makes an administrator's. */
  async createKey(
    given: { readonly tenant: string | undefined; readonly expiresMs: number | undefined },
    by: Actor,
  ): Promise<{ readonly id: string; readonly key: string }> {
    if (given.tenant !== undefined) this.#expectTenant(given.tenant);
    const { key, stored } = newKey({ ...given, createdMs: by.atMs });
    await this.#parts.store.admin.createKey(stored, by);
    await this.#parts.keys.refresh();
    return { id: stored.id, key };
  }

  /** A new key beside the old one, which ends after `graceMs`; by itself the new one is valid as long as the old one was to be. */
  async rotateKey(
    id: string,
    given: { readonly graceMs: number; readonly expiresMs: number | undefined },
    by: Actor,
  ): Promise<{ readonly id: string; readonly key: string }> {
    const { admin } = this.#parts.store;
    const old = (await admin.keys()).find((one) => one.id === id);
    if (old === undefined) throw noKey(id);
    const refusal = refusalOf(old, by.atMs);
    if (refusal !== undefined) {
      throw new AdminError(409, `key ${id} is ${refusal} and has nothing to hand on`);
    }
    const { key, stored } = newKey({
      tenant: old.tenant,
      createdMs: by.atMs,
      expiresMs: given.expiresMs ?? old.expiresMs,
    });
    const oldExpiresMs = by.atMs + Math.round(given.graceMs);
    await admin.rotateKey(id, { replacement: stored, oldExpiresMs }, by);
    await this.#parts.keys.refresh();
    return { id: stored.id, key };
  }

  async revokeKey(id: string, by: Actor): Promise<void> {
    if (!(await this.#parts.store.admin.revokeKey(id, by))) throw noKey(id);
    await this.#parts.keys.refresh();
  }

  bills(filter: LedgerFilter): Promise<readonly BillLine[]> {
    return this.#parts.store.ledger.bills(filter);
  }

  auditLog(limit: number): ReturnType<Store["admin"]["auditLog"]> {
    return this.#parts.store.admin.auditLog(limit);
  }

  /** Takes over the scenario file as it is now: all of it, or nothing and the reason why not. */
  async reload(by: Actor): Promise<void> {
    const source = this.#parts.readSource();
    this.#reload(source, await this.#stored());
    this.#source = source;
    await this.#parts.store.admin.recordAction({ ...by, what: "reload", detail: {} });
  }

  /** Takes over what was changed in the store by others, such as the command line. */
  async refresh(): Promise<void> {
    const version = await this.#parts.store.admin.version();
    if (version === this.#version) return;
    await this.#parts.keys.refresh();
    if (this.#version !== -1) this.#reload(this.#source, await this.#stored());
    this.#version = version;
  }

  #stored(): Promise<readonly StoredTenant[]> {
    return this.#parts.store.admin.tenants();
  }

  #reload(base: ScenarioSource, tenants: readonly Pick<StoredTenant, "name" | "spec">[]): void {
    const { driver, load } = this.#parts;
    const source = withStoredTenants(base, tenants);
    let scenario: Scenario;
    try {
      scenario = load(source);
    } catch (error) {
      throw new AdminError(400, error instanceof Error ? error.message : String(error));
    }
    const refusal = driver.reload(scenario.platform, source);
    if (refusal !== undefined) throw new AdminError(409, `nothing was changed: ${refusal.refused}`);
  }

  #expectTenant(name: string): void {
    const { tenants } = this.#parts.driver.engine.platform;
    if (tenants.some((tenant) => tenant.name === name)) return;
    throw new AdminError(404, `there is no tenant ${name}`);
  }
}

function noKey(id: string): AdminError {
  return new AdminError(404, `there is no key ${id}; key list shows their ids`);
}
