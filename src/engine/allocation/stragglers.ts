/**
 * Which replicas take much longer for their steps than their model says and their peers do: a hot GPU, a bad link. Compares
 * measured with modelled step time at every check, averaged; placement multiplies its prediction by what is found here, so
 * that requests go elsewhere while others have room. What is no longer measured is forgotten, so that it is tried again.
 */
import type { EngineEvent } from "../effects.ts";
import type { ReplicaView } from "./replica-view.ts";

/** Busy time over which the ratio is averaged. Assumed: a few hundred steps, so that one slow step is no straggler. */
const AVERAGED_BUSY_NS = 2_000_000_000;
/** Time without a step after which a finding is half forgotten. Assumed: long beside a check, short beside an outage. */
const FORGOTTEN_AFTER_NS = 30_000_000_000;
/** Ratios below this are noise of the model, and not acted on. Assumed: predicted step times are this good at best. */
const LEAST_SLOWNESS = 1.1;
/** From when it is reported, and until when. Assumed: the factor beyond which operators replace a GPU, and its hysteresis. */
const REPORTED_ABOVE = 1.5;
const REPORTED_UNTIL = 1.2;

interface Measured {
  /** Up to the last check. */
  workedNs: number;
  modelledPs: number;
  /** Measured over modelled, averaged. */
  ratio: number;
  isReported: boolean;
}

export class StragglerWatch {
  readonly #pools: readonly (readonly ReplicaView<unknown>[])[];
  readonly #measured: readonly Measured[];
  #checkedNs = 0;

  /** The replicas of every pool. */
  constructor(pools: readonly (readonly ReplicaView<unknown>[])[]) {
    this.#pools = pools;
    this.#measured = pools.flat().map(() => ({
      workedNs: 0,
      modelledPs: 0,
      ratio: 1,
      isReported: false,
    }));
  }

  /** Reads the meters; returns who has become a straggler and who is none any more. */
  check(nowNs: number): EngineEvent[] {
    const sinceNs = nowNs - this.#checkedNs;
    this.#checkedNs = nowNs;
    const events: EngineEvent[] = [];
    for (const replicas of this.#pools) {
      for (const replica of replicas) this.#measure(replica, sinceNs);
      const usual = this.#usualRatio(replicas);
      for (const [place, replica] of replicas.entries()) {
        const event = this.#judge(replica, place, usual);
        if (event !== undefined) events.push(event);
      }
    }
    return events;
  }

  /** The replica has come up anew: what was found of it before says nothing. */
  forget(replica: ReplicaView<unknown>): void {
    const measured = this.#measured[replica.index]!;
    measured.ratio = 1;
    measured.isReported = false;
    replica.slowness = 1;
  }

  #measure({ index, meter }: ReplicaView<unknown>, sinceNs: number): void {
    const measured = this.#measured[index]!;
    const workedNs = meter.busyNs - meter.lostNs;
    const busyNs = workedNs - measured.workedNs;
    const modelledPs = meter.modelledPs - measured.modelledPs;
    measured.workedNs = workedNs;
    measured.modelledPs = meter.modelledPs;
    if (modelledPs > 0) {
      const ratio = (busyNs * 1000) / modelledPs;
      measured.ratio += ((ratio - measured.ratio) * busyNs) / (AVERAGED_BUSY_NS + busyNs);
    } else {
      measured.ratio += ((1 - measured.ratio) * sinceNs) / (FORGOTTEN_AFTER_NS + sinceNs);
    }
  }

  /**
   * The lower median of the replicas that work: a model that is wrong for all makes nobody a straggler. Where they are as
   * good as equal any of them will do, and nothing is sorted.
   */
  #usualRatio(replicas: readonly ReplicaView<unknown>[]): number {
    let least = Infinity;
    let most = 0;
    let up = 0;
    for (const { isUp, index } of replicas) {
      if (!isUp) continue;
      const { ratio } = this.#measured[index]!;
      least = Math.min(least, ratio);
      most = Math.max(most, ratio);
      up += 1;
    }
    if (up < 2) return 1;
    if (most < least * LEAST_SLOWNESS) return least;
    const ratios = replicas
      .filter(({ isUp }) => isUp)
      .map(({ index }) => this.#measured[index]!.ratio)
      .toSorted((a, b) => a - b);
    return ratios[Math.floor((ratios.length - 1) / 2)]!;
  }

  #judge(replica: ReplicaView<unknown>, place: number, usual: number): EngineEvent | undefined {
    const measured = this.#measured[replica.index]!;
    const slowness = measured.ratio / usual;
    replica.slowness = slowness < LEAST_SLOWNESS ? 1 : slowness;
    const isStraggler = slowness > (measured.isReported ? REPORTED_UNTIL : REPORTED_ABOVE);
    if (isStraggler === measured.isReported) return undefined;
    measured.isReported = isStraggler;
    const name = `${replica.config.name}/${place}`;
    const figure = slowness.toFixed(2);
    return {
      kind: isStraggler ? "straggler" : "straggler-ended",
      tenant: undefined,
      aggressor: undefined,
      pool: replica.pool,
      replica: replica.index,
      message: isStraggler
        ? `${name} takes ${figure} times as long for its steps as its model and its peers; others are preferred.`
        : `${name} is back at ${figure} times its model's step time.`,
    };
  }
}
