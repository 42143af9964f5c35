/**
 * Drives one replica with a script, as an engine would: it knows which slots are taken, fills slots from a backlog,
 * chooses victims, and reacts from inside notifications. Everything it does depends on what it heard and on the script
 * alone, so two replicas that say the same are treated the same. It writes down all it hears, one line each.
 */
import type { Departure, MeterReading, ReplicaListener } from "../../src/replica/port.ts";
import type { Joining } from "../../src/replica/running-batch.ts";
import type { SimulatedReplica } from "../../src/replica/simulated-replica.ts";

export type Action =
  | { readonly kind: "none" }
  | { readonly kind: "join"; readonly count: number }
  | { readonly kind: "evict"; readonly rank: number }
  | { readonly kind: "ask"; readonly ahead: number }
  | { readonly kind: "slow"; readonly factor: number }
  | { readonly kind: "crash" }
  | { readonly kind: "restart" };

export interface Habits {
  readonly backlog: readonly Joining[];
  /** Whether a sequence's end lets the next one of the backlog join at once, from inside the notification. */
  readonly refills: boolean;
  /** What to do at the first notifications, in order; nothing at later ones. */
  readonly reactions: readonly Action[];
  /** What to do at each pressure, in turn: nothing (which stalls the replica), or evict somebody. */
  readonly victims: readonly ("none" | "newest" | "oldest")[];
}

type Meter = Pick<
  MeterReading,
  | ("steps" | "busyNs" | "lostNs" | "downUntil" | "idleUntil" | "inFlightPs")
  | ("kvBlocksUsed" | "tokens" | "contextTokens" | "sequences")
>;

export type Replica = Pick<
  SimulatedReplica,
  | ("nextEventNs" | "isDown" | "join" | "evict")
  | ("askBoundary" | "setSlowdown" | "crash" | "restart" | "advance")
> & { readonly meter: Meter };

/** What a departure said of a stay, and how many times the replica was advanced during it. */
interface Stay {
  readonly prefillPs: number;
  readonly decodePs: number;
  readonly batchSharePs: number;
  readonly advances: number;
}

export class World implements ReplicaListener {
  readonly replica: Replica;
  readonly lines: string[] = [];
  /** Picoseconds of every departure (prefill, decode, 1/batch), and what was in flight at other notifications. */
  readonly departures: Stay[] = [];
  readonly inFlightPs: number[] = [];
  nowNs = 0;
  stalls = 0;
  readonly #habits: Habits;
  readonly #slots: number;
  /** Slots taken, in the order of joining. */
  #taken: number[] = [];
  #backlogNext = 0;
  #heard = 0;
  #pressures = 0;
  #stepsHeard = 0;
  #advances = 0;
  readonly #advancesAtStart = new Map<number, number>();
  #isCrashing = false;

  constructor(slots: number, habits: Habits, make: (listener: ReplicaListener) => Replica) {
    this.#slots = slots;
    this.#habits = habits;
    this.replica = make(this);
  }

  get taken(): readonly number[] {
    return this.#taken;
  }

  advance(): void {
    this.#advances += 1;
    this.nowNs = this.replica.nextEventNs;
    this.replica.advance(this.nowNs);
  }

  act(action: Action, nowNs: number): void {
    this.nowNs = nowNs;
    if (action.kind === "crash") {
      this.#isCrashing = true;
      this.replica.crash(nowNs, "chaos");
      this.#isCrashing = false;
    } else if (action.kind === "restart") {
      this.replica.restart(nowNs);
    } else {
      this.#actInBatch(action);
    }
  }

  joined(nowNs: number, _replica: number, slot: number, cachedTokens: number): void {
    this.#hear(nowNs, `joined ${slot} cached ${cachedTokens}`);
  }

  firstToken(nowNs: number, _replica: number, slot: number): void {
    this.#hear(nowNs, `firstToken ${slot}`);
  }

  left(nowNs: number, _replica: number, departure: Departure): void {
    const { slot, reason, outputTokens, prefillPs, decodePs, batchSharePs } = departure;
    this.#taken.splice(this.#taken.indexOf(slot), 1);
    const advances = this.#advances - (this.#advancesAtStart.get(slot) ?? 0);
    this.departures.push({ prefillPs, decodePs, batchSharePs, advances });
    this.#hear(nowNs, `left ${slot} ${reason} after ${outputTokens}`);
    if (this.#habits.refills && !this.#isCrashing) this.#join();
  }

  adapterLoaded(): void {
    throw new Error("nobody loads adapters here");
  }

  adapterUnloaded(): void {
    throw new Error("nobody loads adapters here");
  }

  pressure(nowNs: number): void {
    this.#hear(nowNs, "pressure");
    const { victims } = this.#habits;
    const victim = victims[this.#pressures++ % victims.length]!;
    if (victim === "none") this.stalls += 1;
    else this.#evict(victim === "newest" ? this.#taken.length - 1 : 0);
  }

  boundary(nowNs: number): void {
    this.#hear(nowNs, "boundary");
  }

  down(nowNs: number, _replica: number, cause: string): void {
    this.#hear(nowNs, `down ${cause}`);
  }

  up(nowNs: number): void {
    this.#hear(nowNs, "up");
  }

  #hear(nowNs: number, what: string): void {
    const { meter } = this.replica;
    const { steps, busyNs, lostNs, kvBlocksUsed, tokens, contextTokens } = meter;
    const idleNs = meter.idleUntil(nowNs);
    const downNs = meter.downUntil(nowNs);
    const times = [busyNs, lostNs, idleNs, downNs].join(" ");
    const totals = [steps, tokens, contextTokens, kvBlocksUsed].join(" ");
    this.lines.push(`${nowNs} ${what} | times ${times} | totals ${totals}`);
    if (busyNs + idleNs + downNs !== nowNs) throw new Error(`time is missing at ${nowNs}`);
    this.inFlightPs.push(meter.inFlightPs());
    this.#stepsHeard = steps;
    if (this.replica.isDown || this.#isCrashing) return;
    const reaction = this.#habits.reactions[this.#heard++];
    if (reaction !== undefined) this.#actInBatch(reaction);
  }

  #actInBatch(action: Action): void {
    if (this.replica.isDown) return;
    if (action.kind === "join") for (let count = 0; count < action.count; count++) this.#join();
    if (action.kind === "evict") this.#evict(action.rank);
    if (action.kind === "ask")
      this.replica.askBoundary(this.nowNs, this.#stepsHeard + action.ahead);
    if (action.kind === "slow") this.replica.setSlowdown(this.nowNs, action.factor);
  }

  #join(): void {
    const joining = this.#habits.backlog[this.#backlogNext];
    if (joining === undefined || this.#taken.length === this.#slots) return;
    this.#backlogNext += 1;
    let slot = 0;
    while (this.#taken.includes(slot)) slot += 1;
    this.#taken.push(slot);
    this.#advancesAtStart.set(slot, this.#advances);
    this.replica.join(this.nowNs, slot, joining);
  }

  #evict(rank: number): void {
    if (this.#taken.length === 0) return;
    this.replica.evict(this.nowNs, this.#taken[rank % this.#taken.length]!);
  }
}
