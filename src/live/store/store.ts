/**
 * What a live platform keeps for good: the ledger (charges and usage), tenants and keys beside the scenario file, who
 * changed what, and which server works on it. One interface over SQLite and PostgreSQL; both behave alike, and one test suite holds them to it. Money and
 * quantities that are sums are bigints: a year of many GPUs has more nanoseconds than a double counts exactly.
 */
import type { ChargeKind } from "../../engine/cost/charge.ts";
import type { JsonObject } from "../exchange.ts";
import type { LedgerBatch, LedgerCharge, LedgerUsage } from "../ledger.ts";

/** The store cannot be used, or not like this. Its message is for whoever runs the program. */
export class StoreError extends Error {
  override name = "StoreError";
}

/** Of one tenant; undefined takes all. Times are Unix ms, from included, to not. */
export interface LedgerFilter {
  readonly tenant?: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What one tenant owes for one kind of thing. */
export interface BillLine {
  readonly tenant: string;
  readonly kind: ChargeKind;
  /** GPU-nanoseconds for gpu, idle and adapter; tokens otherwise. */
  readonly quantity: bigint;
  readonly amountNanoUsd: bigint;
  /** How much of the two above rests on estimates. */
  readonly estimatedQuantity: bigint;
  readonly estimatedNanoUsd: bigint;
  readonly entries: number;
}

/** An entry of the ledger under its key: no two have the same. */
export interface StoredCharge extends LedgerCharge {
  readonly run: number;
  readonly sequence: number;
}

/** What counts against a tenant's quotas of the day and the month: tokens and their price, by the day of admission. */
export interface UsedByTenant {
  readonly tokensToday: number;
  readonly nanoUsdThisMonth: number;
}

export interface LedgerStore {
  /**
   * Durable when resolved: whole or not at all. Batches are numbered from 1 by their only writer; one that the store has
   * already does nothing, so that a writer who was cut off in the middle may simply repeat it.
   */
  append(number: number, batch: LedgerBatch): Promise<void>;
  /** By tenant name; who has used nothing is not in it. The times are those of calendar.ts's periodStarts. */
  used(period: {
    readonly dayMs: number;
    readonly monthMs: number;
  }): Promise<ReadonlyMap<string, UsedByTenant>>;
  /** By tenant name, then in the order of CHARGE_KINDS. */
  bills(filter: LedgerFilter): Promise<readonly BillLine[]>;
  /** Page by page: by tenant, then in order of time. */
  charges(filter: LedgerFilter): AsyncIterable<readonly StoredCharge[]>;
  /** Requests that ended in the time given, in the order in which they were written. */
  usage(filter: LedgerFilter): AsyncIterable<readonly LedgerUsage[]>;
}

/** A tenant that was added or changed beside the scenario file. */
export interface StoredTenant {
  readonly name: string;
  /** As the scenario file's schema has it; undefined where the scenario file's own entry stands. */
  readonly spec: JsonObject | undefined;
  readonly isSuspended: boolean;
  readonly createdMs: number;
}

/** Whose key it is: undefined is the administrator's. */
export interface StoredKey {
  readonly id: string;
  readonly tenant: string | undefined;
  /** SHA-256 of the key, in hex. The key itself is never kept. */
  readonly hash: string;
  /** What people recognise it by: its prefix and its last four characters. */
  readonly label: string;
  readonly createdMs: number;
  readonly expiresMs: number | undefined;
  readonly revokedMs: number | undefined;
}

/** Who does something, and when. */
export interface Actor {
  readonly who: string;
  readonly atMs: number;
}

export interface AuditEntry extends Actor {
  /** For example `tenant.put`. */
  readonly what: string;
  readonly detail: JsonObject;
}

/** Whatever changes something here writes who did it into the audit log in the same transaction. */
export interface AdminStore {
  /** Another number whenever tenants or keys have changed. Cheap enough to ask every second. */
  version(): Promise<number>;
  /** In the order in which they were first added. */
  tenants(): Promise<readonly StoredTenant[]>;
  /** Adds a tenant or replaces its spec. */
  putTenant(tenant: Pick<StoredTenant, "name" | "spec">, by: Actor): Promise<void>;
  /** Also of a tenant that only the scenario file knows. */
  setSuspended(name: string, isSuspended: boolean, by: Actor): Promise<void>;
  /** In order of creation. */
  keys(): Promise<readonly StoredKey[]>;
  findKey(hash: string): Promise<StoredKey | undefined>;
  createKey(key: StoredKey, by: Actor): Promise<void>;
  /** False when there is no such key. A key that was revoked before keeps its time. */
  revokeKey(id: string, by: Actor): Promise<boolean>;
  /** Puts `replacement` beside the key, which itself ends at `oldExpiresMs` at the latest. False when there is none. */
  rotateKey(
    id: string,
    change: { readonly replacement: StoredKey; readonly oldExpiresMs: number },
    by: Actor,
  ): Promise<boolean>;
  /** Something that changed nothing here, such as a reload. */
  recordAction(entry: AuditEntry): Promise<void>;
  /** The newest `limit` entries, oldest first. */
  auditLog(limit: number): Promise<readonly AuditEntry[]>;
}

/** One start of a server, as others can recognise it. */
export interface LeaseHolder {
  /** Of this start and no other. */
  readonly id: string;
  /** For people. */
  readonly host: string;
  /** Where its `pid` means anything. */
  readonly machine: string;
  readonly pid: number;
  /** Tells the process from a later one with the same number; "" where nothing does. */
  readonly birth: string;
}

export interface Lease extends LeaseHolder {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Until it runs out, by the database's clock; not above 0 when it has. */
  readonly leftMs: number;
}

/** Who works on the store: a server counts budgets in memory, so there is one at a time. Times are by the database's clock. */
export interface LeaseStore {
  /** Takes the lease for so long if nobody has it, it has run out, or `instead` has it; else tells who has it. */
  take(holder: LeaseHolder, forMs: number, instead?: string): Promise<Lease | undefined>;
  /** False when somebody else has taken it. One that has run out is still its holder's until somebody does. */
  renew(id: string, forMs: number): Promise<boolean>;
  giveBack(id: string): Promise<void>;
}

export interface Store {
  /** For messages: the file, or the server without its password. */
  readonly place: string;
  readonly ledger: LedgerStore;
  readonly admin: AdminStore;
  readonly lease: LeaseStore;
  close(): Promise<void>;
}
