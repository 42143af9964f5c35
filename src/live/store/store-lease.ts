/**
 * A running server's claim to be the only one that works on its store: takes it, renews it in time, notices when it is lost, gives it
 * back. What a server that crashed has left behind is recognised at once on the same machine, and waited out from another:
 * whoever still runs over there is seen to renew it.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { hasEnded, isOnThisMachine, identityOf } from "./process-identity.ts";
import { type Lease, type LeaseHolder, type Store, StoreError } from "./store.ts";

/** A claim ends by itself after this long, so much may the next start on another machine have to wait; assumed. */
const LEASE_MS = 15_000;
/** Four chances to renew it before it ends. */
const RENEW_EVERY_MS = 3000;
/** How often a claim that is waited out is looked at. */
const LOOK_EVERY_MS = 250;

export interface LeaseOptions {
  readonly leaseMs?: number;
  readonly renewEveryMs?: number;
  /** Told who held the store and may have ended, while that is waited out. */
  readonly onWait?: (held: Lease) => void;
}

export class StoreLease {
  /** Resolves if somebody else takes the store while this server has it. */
  readonly lost: Promise<void>;
  readonly #store: Store;
  readonly #id: string;
  readonly #leaseMs: number;
  readonly #renewEveryMs: number;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #certainUntilMs: number;
  #isLost = false;
  #isOver = false;
  #onLost: () => void = () => {};

  private constructor(
    store: Store,
    { id, askedMs }: { readonly id: string; readonly askedMs: number },
    { leaseMs = LEASE_MS, renewEveryMs = RENEW_EVERY_MS }: LeaseOptions,
  ) {
    this.#store = store;
    this.#id = id;
    this.#leaseMs = leaseMs;
    this.#renewEveryMs = renewEveryMs;
    this.#certainUntilMs = askedMs + leaseMs;
    this.lost = new Promise((resolve) => {
      this.#onLost = resolve;
    });
    this.#renewLater();
  }

  /** Fails: StoreError that names who works on the store. */
  static async take(store: Store, options: LeaseOptions = {}): Promise<StoreLease> {
    const holder: LeaseHolder = { id: randomUUID(), ...identityOf() };
    const { leaseMs = LEASE_MS, onWait = () => {} } = options;
    let seen: Lease | undefined;
    for (;;) {
      const askedMs = performance.now();
      const instead = seen !== undefined && hasEnded(seen) ? seen.id : undefined;
      const held = await store.lease.take(holder, leaseMs, instead);
      if (held === undefined) return new StoreLease(store, { id: holder.id, askedMs }, options);
      if (!hasEnded(held)) {
        if (isAlive(held, seen)) throw new StoreError(inUse(store.place, held));
        if (seen === undefined) onWait(held);
        await wait(Math.min(LOOK_EVERY_MS, Math.max(1, held.leftMs)));
      }
      seen = held;
    }
  }

  /** Somebody else has taken the store. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Nobody else can have the store at this moment. False after the database has been out of reach for long: it may come back. */
  get isCertain(): boolean {
    return performance.now() < this.#certainUntilMs;
  }

  /** After everything that the server had to write. Where the database is out of reach, the claim ends by itself. */
  async giveBack(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    await this.#store.lease.giveBack(this.#id).catch(() => {});
  }

  #renewLater(): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew();
    }, this.#renewEveryMs);
  }

  async #renew(): Promise<void> {
    const askedMs = performance.now();
    // A failure to reach the database is no loss: the ledger's writer tells of it, and nobody can take the store there either.
    const isMine = await this.#store.lease.renew(this.#id, this.#leaseMs).catch(() => undefined);
    if (isMine === false) {
      this.#isLost = true;
      this.#certainUntilMs = -Infinity;
      this.#onLost();
      return;
    }
    if (isMine === true) this.#certainUntilMs = askedMs + this.#leaseMs;
    this.#renewLater();
  }
}

/** Not known to have ended: it runs here, or was seen to renew its claim. */
function isAlive(held: Lease, before: Lease | undefined): boolean {
  return isOnThisMachine(held) || (before !== undefined && held.untilMs > before.untilMs);
}

function inUse(place: string, { host, pid, sinceMs }: Lease): string {
  const since = new Date(sinceMs).toISOString();
  return (
    `${place}: another server works on this store: process ${pid} on ${host}, since ${since}; two would spend the same budgets ` +
    "twice. End that one first, or give this one a store of its own with --storage"
  );
}
