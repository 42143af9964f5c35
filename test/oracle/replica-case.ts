/**
 * One comparison of the two replicas: a configuration, an engine's habits, and a script of calls whose times are given
 * relative to step boundaries, for only there can a fast-forward go wrong. The naive replica runs ahead to find the
 * times; both hear the same calls at the same times.
 */
import { StepMeter } from "../../src/replica/step-meter.ts";
import {
  type SimulatedReplicaConfig,
  SimulatedReplica,
} from "../../src/replica/simulated-replica.ts";
import { NaiveReplica } from "./naive-replica.ts";
import { type Action, type Habits, World } from "./replica-world.ts";

/**
 * A call `boundaries` boundaries later: at the time of the next boundary, before or after the replica is advanced to
 * it; a nanosecond before or after it; somewhere between two; or at the same time as the call before.
 */
export interface TimedAction {
  readonly boundaries: number;
  readonly at: "tie" | "after" | "just-before" | "just-after" | "between" | "same";
  readonly fraction: number;
  readonly action: Action;
}

export interface Case {
  readonly config: Omit<SimulatedReplicaConfig, "index" | "meter" | "truth">;
  readonly habits: Habits;
  readonly script: readonly TimedAction[];
  /** Every step takes whole nanoseconds, unless slowed down by a fraction: nothing is rounded when published. */
  readonly isWholeNs: boolean;
}

export interface Comparison {
  readonly fast: World;
  readonly naive: World;
  readonly fastReplica: SimulatedReplica;
  readonly naiveReplica: NaiveReplica;
  /** Calls that cut a jump of the fast replica, by kind. */
  readonly midJump: ReadonlyMap<Action["kind"], number>;
  /** Events that the fast replica was advanced to. */
  readonly fastEvents: number;
}

/** Longest wait for the next call when no boundary is to come. */
const GAP_NS = 5_000;

export function runCase({ config, habits, script }: Case): Comparison {
  let fastReplica: SimulatedReplica | undefined;
  let naiveReplica: NaiveReplica | undefined;
  const naive = new World(config.maxNumSeqs, habits, (listener) => {
    naiveReplica = new NaiveReplica(config, listener);
    return naiveReplica;
  });
  const fast = new World(config.maxNumSeqs, habits, (listener) => {
    const meter = new StepMeter(config.maxNumSeqs);
    fastReplica = new SimulatedReplica({ ...config, index: 0, meter }, listener);
    return fastReplica;
  });
  const pair = new Pair({ fast, naive, fastReplica: fastReplica!, naiveReplica: naiveReplica! });
  for (const timed of script) pair.call(timed);
  pair.drain();
  return pair;
}

class Pair implements Comparison {
  readonly fast: World;
  readonly naive: World;
  readonly fastReplica: SimulatedReplica;
  readonly naiveReplica: NaiveReplica;
  readonly midJump = new Map<Action["kind"], number>();
  fastEvents = 0;
  #nowNs = 0;

  constructor(given: Pick<Comparison, "fast" | "naive" | "fastReplica" | "naiveReplica">) {
    this.fast = given.fast;
    this.naive = given.naive;
    this.fastReplica = given.fastReplica;
    this.naiveReplica = given.naiveReplica;
  }

  call(timed: TimedAction): void {
    const atNs = timed.at === "same" ? this.#nowNs : this.#timeOf(timed);
    this.#runBefore(atNs);
    if (timed.at === "after") this.#runThrough(atNs);
    const { action } = timed;
    const isMidJump = this.naive.replica.nextEventNs < this.fast.replica.nextEventNs;
    if (isMidJump) this.midJump.set(action.kind, (this.midJump.get(action.kind) ?? 0) + 1);
    this.fast.act(action, atNs);
    this.naive.act(action, atNs);
    this.#nowNs = atNs;
  }

  /** Runs to the end; whoever is stalled loses the newest sequence until it is not. */
  drain(): void {
    for (;;) {
      this.#runBefore(Infinity);
      if (this.naive.taken.length === 0) return;
      const action: Action = { kind: "evict", rank: this.naive.taken.length - 1 };
      this.call({ boundaries: 0, at: "between", fraction: 0.5, action });
    }
  }

  #timeOf(timed: TimedAction): number {
    const naive = this.naive;
    let earliestNs = this.#nowNs;
    for (let count = 0; count < timed.boundaries; count++) {
      if (naive.replica.nextEventNs === Infinity) break;
      naive.advance();
      earliestNs = naive.nowNs + 1;
    }
    const { nextEventNs } = naive.replica;
    const nextNs = nextEventNs === Infinity ? earliestNs + GAP_NS : nextEventNs;
    return Math.max(earliestNs, wantedNs(timed, earliestNs, nextNs));
  }

  #runBefore(atNs: number): void {
    const { fast, naive } = this;
    while (naive.replica.nextEventNs < atNs) naive.advance();
    while (fast.replica.nextEventNs < atNs) this.#advanceFast();
    this.#nowNs = Math.max(this.#nowNs, naive.nowNs, fast.nowNs);
  }

  /** Processes the boundaries at `atNs`: of the naive replica's, those that the fast one's events have passed. */
  #runThrough(atNs: number): void {
    const { fast, naive } = this;
    while (fast.replica.nextEventNs === atNs) this.#advanceFast();
    while (naive.replica.nextEventNs === atNs) {
      const isPassed = naive.replica.meter.steps < fast.replica.meter.steps;
      if (!isPassed && !this.naiveReplica.isStarting) return;
      naive.advance();
    }
  }

  #advanceFast(): void {
    this.fastEvents += 1;
    this.fast.advance();
  }
}

function wantedNs({ at, fraction }: TimedAction, earliestNs: number, nextNs: number): number {
  switch (at) {
    case "tie":
    case "after":
      return nextNs;
    case "just-before":
      return nextNs - 1;
    case "just-after":
      return nextNs + 1;
    case "between":
    case "same":
      return earliestNs + Math.floor(fraction * (nextNs - earliestNs));
    default:
      return at satisfies never;
  }
}
