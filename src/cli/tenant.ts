/**
 * `tenantry tenant`: adds, changes, lists, suspends and resumes tenants in the store, beside those of the scenario file. A
 * running server takes a change up within a second or so. A tenant is never removed: its bills stay.
 */
import type { Store, StoredTenant } from "../live/store/store.ts";
import type { JsonObject } from "../live/exchange.ts";
import { reloadRefusal } from "../engine/reload.ts";
import { parseText } from "../scenario/document.ts";
import { migrate } from "../scenario/migrate.ts";
import { isPlainMap, valueAt } from "../scenario/plain.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { printTable } from "./output.ts";
import { requireTenant, scenarioWith } from "./known-tenants.ts";
import { readText } from "./read-scenario.ts";
import { actor, type StorageOptions, withStore } from "./storage.ts";
import { type SpecOptions, tenantSpec } from "./tenant-spec.ts";

type PutOptions = SpecOptions & StorageOptions;

/** Runs `tenant add` and returns its exit code. */
export function tenantAdd(file: string, name: string, options: PutOptions): Promise<number> {
  return withStore({ ...options, scenario: file, mustExist: false }, async (store) => {
    const stored = await store.admin.tenants();
    const before = scenarioWith(file, stored);
    if (before.platform.tenants.some((tenant) => tenant.name === name)) {
      throw new InputError(
        `there is a tenant '${name}' already; change it with: tenantry tenant update ${file} ${name} ...`,
      );
    }
    await put(store, { file, name, spec: tenantSpec({}, options), before });
    return EXIT.fine;
  });
}

/** Runs `tenant update`: what the options do not name stays. */
export function tenantUpdate(file: string, name: string, options: PutOptions): Promise<number> {
  return withStore({ ...options, scenario: file, mustExist: false }, async (store) => {
    const stored = await store.admin.tenants();
    const base = stored.find((one) => one.name === name)?.spec ?? specInFile(file, name);
    const before = base === undefined ? scenarioWith(file, stored) : undefined;
    if (before !== undefined) requireTenant(before, name);
    const spec = tenantSpec(base ?? {}, options);
    await put(store, { file, name, spec, before: loadedOrNothing(file, stored) });
    return EXIT.fine;
  });
}

export function tenantSuspend(
  file: string,
  name: string,
  options: StorageOptions & { readonly isSuspended: boolean },
): Promise<number> {
  return withStore({ ...options, scenario: file, mustExist: false }, async (store) => {
    requireTenant(scenarioWith(file, await store.admin.tenants()), name);
    await store.admin.setSuspended(name, options.isSuspended, actor());
    const what = options.isSuspended ? "suspended: its requests are refused" : "served again";
    process.stdout.write(`tenant ${name} is ${what}\n`);
    return EXIT.fine;
  });
}

export function tenantList(
  file: string,
  options: StorageOptions & { readonly json?: boolean },
): Promise<number> {
  return withStore({ ...options, scenario: file, mustExist: false }, async (store) => {
    const stored = new Map((await store.admin.tenants()).map((one) => [one.name, one]));
    const { platform } = scenarioWith(file, [...stored.values()]);
    const tenants = platform.tenants.map((tenant) => ({
      name: tenant.name,
      tier: platform.tiers[tenant.tier]!.name,
      weight: tenant.weight,
      pools: tenant.pools.map((pool) => platform.pools[pool]!.name),
      from: stored.get(tenant.name)?.spec === undefined ? "scenario" : "store",
      isSuspended: stored.get(tenant.name)?.isSuspended === true,
    }));
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify(tenants, undefined, 2)}\n`);
      return EXIT.fine;
    }
    const rows = tenants.map(({ name, tier, weight, pools, from, isSuspended }) => [
      name,
      tier,
      String(weight),
      pools.join(", "),
      from,
      isSuspended ? "suspended" : "active",
    ]);
    const head = ["Tenant", "Tier", "Weight", "Pools", "From", "State"];
    printTable({ title: "Tenants", head, rows });
    return EXIT.fine;
  });
}

interface Put {
  readonly file: string;
  readonly name: string;
  readonly spec: JsonObject;
  /** As it is without the change; undefined where that does not load. */
  readonly before: Scenario | undefined;
}

/** Stores a spec, if the scenario loads with it. */
async function put(store: Store, { file, name, spec, before }: Put): Promise<void> {
  const stored = await store.admin.tenants();
  const isNew = !stored.some((one) => one.name === name);
  const next = scenarioWith(
    file,
    isNew
      ? [...stored, { name, spec }]
      : stored.map((one) => (one.name === name ? { ...one, spec } : one)),
  );
  await store.admin.putTenant({ name, spec }, actor());
  process.stdout.write(`tenant ${name}: ${JSON.stringify(spec)}\n`);
  const refused = before === undefined ? undefined : reloadRefusal(before.platform, next.platform);
  if (refused !== undefined) {
    process.stderr.write(`note: a server that is running needs a restart for this: ${refused}\n`);
  }
}

/** A change may be what mends a store that no longer fits its scenario. */
function loadedOrNothing(file: string, stored: readonly StoredTenant[]): Scenario | undefined {
  try {
    return scenarioWith(file, stored);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The file's own entry, as it is written. */
function specInFile(file: string, name: string): JsonObject | undefined {
  const parsed = parseText(readText(file));
  if (parsed.kind === "malformed") return undefined;
  const spec = valueAt(migrate(parsed.value).value, ["platform", "tenants", name]);
  return isPlainMap(spec) ? spec : undefined;
}
