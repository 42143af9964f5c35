/**
 * What every store must do, whatever database is under it: run once for SQLite and once for PostgreSQL, each test on a
 * database of its own.
 */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { CHARGE_KINDS } from "../../../src/engine/cost/charge.ts";
import { periodStarts } from "../../../src/live/calendar.ts";
import type { LedgerBatch, LedgerCharge } from "../../../src/live/ledger.ts";
import { openStore } from "../../../src/live/store/open-store.ts";
import type { BillLine, LedgerFilter, Store, StoredKey } from "../../../src/live/store/store.ts";
import { leaseTests } from "./lease-contract.ts";
import { ALWAYS, charge, gathered, usage } from "./entries.ts";

export interface TestDatabases {
  /** A `storage` setting that names an empty database. */
  create(): Promise<string>;
  /** Says, as a newer program would, that the schema is of this number. */
  markSchema(storage: string, step: number): Promise<void>;
  removeAll(): Promise<void>;
}

/** A database server syncs its disk for every database that is dropped. */
const HOOK_TIMEOUT_MS = 120_000;
const BY = { who: "test", atMs: 5000 };
const DAY = 86_400_000;
const NOON = Date.UTC(2026, 10, 10, 12);

export function storeContract(name: string, databases: TestDatabases): void {
  describe(name, () => {
    const stores: Store[] = [];
    afterAll(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await databases.removeAll();
    }, HOOK_TIMEOUT_MS);
    const reopen = async (storage: string): Promise<Store> => {
      const store = await openStore({ storage, durability: "process" });
      stores.push(store);
      return store;
    };
    const fresh = async (): Promise<Store> => reopen(await databases.create());

    ledgerTests({ databases, reopen, fresh });
    adminTests({ databases, reopen, fresh });
    schemaTests({ databases, reopen, fresh });
    leaseTests({ databases, reopen, fresh });
  });
}

export interface Tools {
  readonly databases: TestDatabases;
  readonly reopen: (storage: string) => Promise<Store>;
  readonly fresh: () => Promise<Store>;
}

function ledgerTests({ databases, reopen, fresh }: Tools): void {
  test("every field of charges and usage comes back after reopening, numbered in order", async () => {
    const storage = await databases.create();
    const store = await reopen(storage);
    const charges = [
      charge({ kind: "gpu", quantity: 123_456_789, amountNanoUsd: 137_174, isEstimate: true }),
      charge({ kind: "idle", request: undefined, atMs: NOON + 0.125 }),
      charge({ tenant: 'b"\u{1F980}', amountNanoUsd: 9_007_199_254_740_991 }),
    ];
    const used = [
      usage({ adapter: "tuned", ttftMs: 12.345 }),
      usage({ request: "r-2", ttftMs: undefined, outcome: "cancelled" }),
    ];
    await store.ledger.append(1, { charges, usage: used });
    await store.ledger.append(2, { charges: [charge({ request: "r-3" })], usage: [] });
    const again = await reopen(storage);
    expect(await gathered(again.ledger.charges(ALWAYS))).toEqual([
      { ...charges[0], run: 1, sequence: 1 },
      { ...charge({ request: "r-3" }), run: 1, sequence: 4 },
      { ...charges[1], run: 1, sequence: 2 },
      { ...charges[2], run: 1, sequence: 3 },
    ]);
    expect(await gathered(again.ledger.usage(ALWAYS))).toEqual(used);
  });

  test("a batch repeated under its number counts once; one out of order is a bug", async () => {
    const store = await fresh();
    const one = { charges: [charge({ request: "r-1" })], usage: [usage({})] };
    await store.ledger.append(1, one);
    await store.ledger.append(1, one);
    await store.ledger.append(2, { charges: [charge({ request: "r-2" })], usage: [] });
    await store.ledger.append(1, one);
    const charges = await gathered(store.ledger.charges(ALWAYS));
    expect(charges.map(({ request }) => request)).toEqual(["r-1", "r-2"]);
    expect((await store.ledger.bills(ALWAYS))[0]).toMatchObject({ entries: 2 });
    await expect(store.ledger.append(4, one)).rejects.toThrow("out of order");
  });

  test("a batch that fails leaves nothing behind, and the next attempt is whole", async () => {
    const store = await fresh();
    const bad = charge({ amountNanoUsd: Number.NaN });
    const good = charge({ request: "r-1" });
    await expect(
      store.ledger.append(1, { charges: [good, bad], usage: [usage({})] }),
    ).rejects.toThrow();
    expect(await gathered(store.ledger.charges(ALWAYS))).toEqual([]);
    expect(await store.ledger.bills(ALWAYS)).toEqual([]);
    await store.ledger.append(1, { charges: [good], usage: [] });
    expect(await gathered(store.ledger.charges(ALWAYS))).toHaveLength(1);
  });

  test("two writers of one database never share a key", async () => {
    const storage = await databases.create();
    const [one, two] = [await reopen(storage), await reopen(storage)];
    const batch = { charges: [charge({}), charge({})], usage: [usage({})] };
    const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
    const all = (store: Store) =>
      numbers.reduce<Promise<void>>(
        (before, number) => before.then(() => store.ledger.append(number, batch)),
        Promise.resolve(),
      );
    await Promise.all([all(one), all(two)]);
    const charges = await gathered(one.ledger.charges(ALWAYS));
    const keys = new Set(charges.map(({ run, sequence }) => `${run}/${sequence}`));
    expect(keys.size).toBe(40);
    expect((await two.ledger.bills(ALWAYS))[0]).toMatchObject({ entries: 40 });
  });

  test("quotas count tokens of the day and their price of the month, by the day of admission", async () => {
    const store = await fresh();
    const midnight = Date.UTC(2026, 10, 10);
    await store.ledger.append(1, ofRequest("r-1", midnight + 1, midnight + 2));
    // Admitted just before midnight and ended after it: the engine settles it against the day before.
    await store.ledger.append(2, ofRequest("r-2", midnight - 0.001, midnight + 2));
    await store.ledger.append(3, ofRequest("r-3", Date.UTC(2026, 9, 31, 23), midnight));
    await store.ledger.append(4, {
      charges: [charge({ atMs: midnight, kind: "idle", request: undefined })],
      usage: [],
    });
    expect(periodStarts(midnight + DAY / 2).dayMs).toBe(midnight);
    expect(await store.ledger.used(periodStarts(midnight + DAY / 2))).toEqual(
      new Map([["a", { tokensToday: 117, nanoUsdThisMonth: 2380 }]]),
    );
    expect(await store.ledger.used(periodStarts(midnight + DAY))).toEqual(
      new Map([["a", { tokensToday: 0, nanoUsdThisMonth: 2380 }]]),
    );
    expect((await store.ledger.used(periodStarts(Date.UTC(2026, 11, 1)))).size).toBe(0);
  });

  test("sums beyond what doubles and 64 bits hold are exact", async () => {
    const store = await fresh();
    const most = Number.MAX_SAFE_INTEGER;
    const days = Array.from({ length: 1100 }, (_, index) =>
      charge({ atMs: index * DAY, kind: "gpu", quantity: most, amountNanoUsd: most }),
    );
    await store.ledger.append(1, { charges: days, usage: [] });
    const [line] = await store.ledger.bills(ALWAYS);
    expect(line!.quantity).toBe(BigInt(most) * 1100n);
    expect(line!.amountNanoUsd).toBeGreaterThan(2n ** 63n);
  });

  test("bills of any period are the sums of the charges in it", async () => {
    const store = await fresh();
    let number = 0;
    const atMs = fc.integer({ min: 0, max: 5 * 24 * 4 }).map((quarter) => (quarter * DAY) / 96);
    const entries = fc.record({
      atMs,
      tenant: fc.constantFrom("a", "b", "c"),
      kind: fc.constantFrom(...CHARGE_KINDS),
      quantity: fc.nat(),
      amountNanoUsd: fc.integer({ min: -1000, max: 1e12 }),
      isEstimate: fc.boolean(),
    });
    const period = fc.tuple(atMs, atMs).map(([x, y]) => ({
      fromMs: Math.min(x, y),
      toMs: Math.max(x, y),
    }));
    const all: LedgerCharge[] = [];
    const periods = fc.record({ period, tenant: fc.constantFrom(undefined, "a", "nobody") });
    await fc.assert(
      fc.asyncProperty(fc.array(entries), fc.array(periods), async (given, filters) => {
        number += 1;
        const charges = given.map((one) => charge(one));
        all.push(...charges);
        await store.ledger.append(number, { charges, usage: [] });
        for (const {
          period: { fromMs, toMs },
          tenant,
        } of filters) {
          const filter = { fromMs, toMs, tenant };
          expect(await store.ledger.bills(filter)).toEqual(summed(all, filter));
        }
      }),
      { numRuns: 30 },
    );
    const stored = await gathered(store.ledger.charges(ALWAYS));
    expect(summed(stored, ALWAYS)).toEqual(summed(all, ALWAYS));
  });

  test("charges and usage come page by page, whole and without repetition, within the period", async () => {
    const store = await fresh();
    const charges = Array.from({ length: 9000 }, (_, index) =>
      charge({ atMs: NOON + (index % 7), tenant: index % 2 === 0 ? "a" : "b", quantity: index }),
    );
    const used = charges.map(({ atMs, tenant }, index) =>
      usage({ request: `r-${index}`, tenant, endedMs: atMs }),
    );
    await store.ledger.append(1, { charges, usage: used });
    const filter = { fromMs: NOON + 1, toMs: NOON + 6 };
    const inside = ({ atMs }: LedgerCharge) => atMs >= NOON + 1 && atMs < NOON + 6;
    const read = await gathered(store.ledger.charges(filter));
    expect(read).toHaveLength(charges.filter(inside).length);
    expect(new Set(read.map(({ quantity }) => quantity)).size).toBe(read.length);
    const sorted = read.toSorted(
      (x, y) => (x.tenant < y.tenant ? -1 : x.tenant > y.tenant ? 1 : 0) || x.atMs - y.atMs,
    );
    expect(read).toEqual(sorted);
    const readUsage = await gathered(store.ledger.usage({ ...filter, tenant: "b" }));
    expect(readUsage.map(({ request }) => request)).toEqual(
      used
        .filter((one, index) => one.tenant === "b" && inside(charges[index]!))
        .map((one) => one.request),
    );
    expect(await gathered(store.ledger.charges({ ...ALWAYS, tenant: "nobody" }))).toEqual([]);
  });
}

function adminTests({ databases, reopen, fresh }: Tools): void {
  test("tenants keep their place, their spec and their suspension; the version follows", async () => {
    const storage = await databases.create();
    const { admin } = await reopen(storage);
    const versions = [await admin.version()];
    const look = async () => versions.push(await admin.version());
    await admin.putTenant({ name: "zeta", spec: { tier: "gold", quotas: { maxQps: "5/s" } } }, BY);
    await look();
    await admin.setSuspended("alpha", true, BY);
    await look();
    await admin.putTenant({ name: "mid", spec: { tier: "silver" } }, { ...BY, atMs: 1 });
    await look();
    await admin.putTenant({ name: "alpha", spec: { tier: "bronze" } }, BY);
    await look();
    await admin.setSuspended("zeta", true, BY);
    await look();
    await admin.setSuspended("zeta", false, BY);
    await look();
    expect(new Set(versions).size).toBe(versions.length);
    const other = await reopen(storage);
    expect(await other.admin.tenants()).toEqual([
      {
        name: "zeta",
        spec: { tier: "gold", quotas: { maxQps: "5/s" } },
        isSuspended: false,
        createdMs: 5000,
      },
      { name: "alpha", spec: { tier: "bronze" }, isSuspended: true, createdMs: 5000 },
      { name: "mid", spec: { tier: "silver" }, isSuspended: false, createdMs: 1 },
    ]);
    expect(await other.admin.version()).toBe(versions.at(-1));
  });

  test("keys are found by hash, rotated with a grace period, revoked once", async () => {
    const { admin } = await fresh();
    await admin.createKey(keyNamed("k-1"), BY);
    await admin.createKey(keyNamed("k-2", { tenant: undefined, expiresMs: 99 }), BY);
    expect(await admin.findKey("hash of k-2")).toEqual(
      keyNamed("k-2", { tenant: undefined, expiresMs: 99 }),
    );
    expect(await admin.findKey("hash of k-3")).toBeUndefined();
    const version = await admin.version();
    const change = { replacement: keyNamed("k-3"), oldExpiresMs: 500 };
    expect(await admin.rotateKey("k-1", change, BY)).toBe(true);
    expect(await admin.version()).not.toBe(version);
    // A grace period never lengthens a life.
    const later = { replacement: keyNamed("k-4"), oldExpiresMs: 500 };
    expect(await admin.rotateKey("k-2", later, BY)).toBe(true);
    expect(await admin.revokeKey("k-3", { ...BY, atMs: 700 })).toBe(true);
    expect(await admin.revokeKey("k-3", { ...BY, atMs: 800 })).toBe(true);
    const before = await admin.version();
    expect(await admin.revokeKey("k-9", BY)).toBe(false);
    expect(await admin.rotateKey("k-9", { ...change, replacement: keyNamed("k-8") }, BY)).toBe(
      false,
    );
    expect(await admin.version()).toBe(before);
    expect(await admin.keys()).toEqual([
      keyNamed("k-1", { expiresMs: 500 }),
      keyNamed("k-2", { tenant: undefined, expiresMs: 99 }),
      keyNamed("k-3", { revokedMs: 700 }),
      keyNamed("k-4"),
    ]);
    await expect(admin.createKey(keyNamed("k-5", { hash: "hash of k-1" }), BY)).rejects.toThrow();
    expect(await admin.keys()).toHaveLength(4);
  });

  test("whoever changes something is in the audit log; what failed is not; keys never are", async () => {
    const { admin } = await fresh();
    await admin.putTenant({ name: "a", spec: { tier: "gold" } }, BY);
    const key = { id: "k-1", tenant: "a", hash: "secret hash", label: "sk-...wxyz", createdMs: 1 };
    await admin.createKey({ ...key, expiresMs: undefined, revokedMs: undefined }, BY);
    await admin.revokeKey("k-1", { who: "cli:ann", atMs: 6000 });
    await admin.revokeKey("k-2", BY);
    const version = await admin.version();
    await admin.recordAction({ ...BY, atMs: 7000, what: "reload", detail: { weight: 2 } });
    // A running server reloads when the version changes: recording that must not make it do so again.
    expect(await admin.version()).toBe(version);
    await admin.setSuspended("a", true, BY);
    const log = await admin.auditLog(100);
    expect(log.map(({ what, who, atMs }) => `${atMs} ${who} ${what}`)).toEqual([
      "5000 test tenant.put",
      "5000 test key.create",
      "6000 cli:ann key.revoke",
      "7000 test reload",
      "5000 test tenant.suspend",
    ]);
    expect(log[0]!.detail).toEqual({ tenant: "a", spec: { tier: "gold" } });
    expect(JSON.stringify(log)).not.toContain("secret hash");
    expect(await admin.auditLog(2)).toEqual(log.slice(-2));
  });

  test("changes made at once by two programs all arrive, each with a number of its own", async () => {
    const storage = await databases.create();
    const programs = [await reopen(storage), await reopen(storage)];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        programs[index % 2]!.admin.putTenant({ name: `t${index}`, spec: {} }, BY),
      ),
    );
    expect(await programs[0]!.admin.tenants()).toHaveLength(20);
    expect(await programs[0]!.admin.auditLog(100)).toHaveLength(20);
    expect(await programs[1]!.admin.version()).toBe(20);
  });
}

function schemaTests({ databases, reopen }: Tools): void {
  test("two programs that open an empty database at once both find it ready", async () => {
    const storage = await databases.create();
    const stores = await Promise.all([reopen(storage), reopen(storage), reopen(storage)]);
    for (const store of stores) expect(await store.admin.tenants()).toEqual([]);
  });

  test("a database of a newer program is refused and left alone", async () => {
    const storage = await databases.create();
    const store = await reopen(storage);
    await store.admin.putTenant({ name: "a", spec: {} }, BY);
    await databases.markSchema(storage, 999);
    await expect(reopen(storage)).rejects.toThrow(/newer Tenantry .*999.*update this program/);
    expect(await store.admin.tenants()).toHaveLength(1);
  });
}

/** A request with one charge of each kind that a request has. */
function ofRequest(request: string, arrivedMs: number, atMs: number): LedgerBatch {
  return {
    charges: [
      charge({ request, atMs, kind: "gpu", quantity: 1e9, amountNanoUsd: 1_000_000 }),
      charge({ request, atMs, kind: "input", quantity: 100, amountNanoUsd: 1000 }),
      charge({ request, atMs, kind: "cached-input", quantity: 10, amountNanoUsd: 50 }),
      charge({ request, atMs, kind: "output", quantity: 7, amountNanoUsd: 140 }),
    ],
    usage: [usage({ request, arrivedMs, endedMs: atMs })],
  };
}

function keyNamed(id: string, more: Partial<StoredKey> = {}): StoredKey {
  return {
    id,
    tenant: "a",
    hash: `hash of ${id}`,
    label: `sk-...${id}`,
    createdMs: 1,
    expiresMs: undefined,
    revokedMs: undefined,
    ...more,
  };
}

/** The slow way to a bill. */
function summed(charges: readonly LedgerCharge[], filter: LedgerFilter): BillLine[] {
  const inside = charges.filter(
    ({ tenant, atMs }) =>
      (filter.tenant === undefined || tenant === filter.tenant) &&
      atMs >= filter.fromMs &&
      atMs < filter.toMs,
  );
  const tenants = [...new Set(inside.map(({ tenant }) => tenant))].toSorted();
  return tenants.flatMap((tenant) =>
    CHARGE_KINDS.flatMap((kind) => {
      const mine = inside.filter((one) => one.tenant === tenant && one.kind === kind);
      const guessed = mine.filter(({ isEstimate }) => isEstimate);
      if (mine.length === 0) return [];
      return {
        tenant,
        kind,
        quantity: total(mine.map(({ quantity }) => quantity)),
        amountNanoUsd: total(mine.map(({ amountNanoUsd }) => amountNanoUsd)),
        estimatedQuantity: total(guessed.map(({ quantity }) => quantity)),
        estimatedNanoUsd: total(guessed.map(({ amountNanoUsd }) => amountNanoUsd)),
        entries: mine.length,
      };
    }),
  );
}

function total(numbers: readonly number[]): bigint {
  return numbers.reduce((sum, one) => sum + BigInt(one), 0n);
}
