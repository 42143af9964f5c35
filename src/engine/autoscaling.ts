/**
 * Autoscaling of all pools that have it: measures each pool's risk, asks its autoscaler how many replicas to take on or give
 * back, and says which. Taken on first: replicas that drain, then those that are off, in their order. Given back first: one
 * that is down, then the one with the least on it, so that it is empty soonest.
 */
import { Autoscaler, type PoolScale } from "./allocation/autoscaler.ts";
import { type PoolRisk, poolRisk } from "./allocation/pool-risk.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import type { ReplicaLifecycle } from "./replica-lifecycle.ts";
import type { PoolScheduler } from "./scheduler.ts";

export class Autoscaling<Origin> {
  readonly #lifecycle: ReplicaLifecycle<Origin>;
  /** One per pool; undefined for pools of a fixed size. */
  readonly scalers: readonly (Autoscaler | undefined)[];

  constructor(schedulers: readonly PoolScheduler<Origin>[], lifecycle: ReplicaLifecycle<Origin>) {
    this.#lifecycle = lifecycle;
    this.scalers = schedulers.map(({ config }) =>
      config.autoscale === undefined ? undefined : new Autoscaler(() => config.autoscale!),
    );
  }

  /** Looks at the pool and acts; returns whether anything changed. */
  check(nowNs: number, pool: PoolScheduler<Origin>, ttftBudgetsNs: readonly number[]): boolean {
    const scaler = this.#scalerOf(pool);
    if (scaler === undefined) return false;
    const risk = poolRisk(pool, ttftBudgetsNs);
    const scale = scaleOf(pool.replicas, risk);
    const isMissing = scaler.missing(scale) > 0;
    const change = scaler.check(nowNs, scale);
    if (change > 0) {
      const why = isMissing ? leastWords(pool) : outWords(pool, scaler, risk);
      this.#add(nowNs, pool, { replicas: change, why });
    }
    if (change < 0) this.#lifecycle.drain(nowNs, spared(pool.replicas), inWords(pool, scaler));
    return change !== 0;
  }

  /** A replica has gone down: replaces it at once where the pool would have too few. */
  replace(nowNs: number, pool: PoolScheduler<Origin>): void {
    const scale = scaleOf(pool.replicas, { risk: 0, cause: "" });
    const replicas = this.#scalerOf(pool)?.missing(scale) ?? 0;
    if (replicas > 0) this.#add(nowNs, pool, { replicas, why: leastWords(pool) });
  }

  #scalerOf(pool: PoolScheduler<Origin>): Autoscaler | undefined {
    return this.scalers[pool.pool];
  }

  #add(
    nowNs: number,
    { replicas }: PoolScheduler<Origin>,
    order: { readonly replicas: number; readonly why: string },
  ): void {
    const draining = replicas.filter(({ life, isUp }) => isUp && life.state === "draining");
    const off = replicas.filter(({ life }) => life.state === "off");
    for (const replica of [...draining, ...off].slice(0, order.replicas)) {
      this.#lifecycle.add(nowNs, replica, order.why);
    }
  }
}

function scaleOf(replicas: readonly ReplicaView<unknown>[], { risk }: PoolRisk): PoolScale {
  const scale = { risk, open: 0, booting: 0, down: 0, spare: 0 };
  for (const { isOpen, isUp, life } of replicas) {
    if (isOpen) scale.open += 1;
    else if (life.state === "booting") scale.booting += 1;
    else if (life.state === "serving") scale.down += 1;
    else if (life.state === "off" || isUp) scale.spare += 1;
  }
  return scale;
}

/** Whom the pool can best do without; of equals the last. */
function spared<Origin>(replicas: readonly ReplicaView<Origin>[]): ReplicaView<Origin> {
  return replicas
    .filter(({ life }) => life.state === "serving")
    .reduce((best, one) => {
      if (one.isUp !== best.isUp) return one.isUp ? best : one;
      return one.boundCount <= best.boundCount ? one : best;
    });
}

function outWords(
  { config }: PoolScheduler<unknown>,
  scaler: Autoscaler,
  { cause }: PoolRisk,
): string {
  const { scaleOutAbove, scaleOutAfterNs } = config.autoscale!;
  const held = `for ${scaleOutAfterNs / 1e9} s or longer`;
  return `the pool's risk, ${scaler.risk.toFixed(2)}, has been above ${scaleOutAbove} ${held} (${cause})`;
}

function inWords({ config }: PoolScheduler<unknown>, scaler: Autoscaler): string {
  const { scaleInBelow, scaleInAfterNs } = config.autoscale!;
  const held = `for ${scaleInAfterNs / 1e9} s`;
  return `the pool's risk is ${scaler.risk.toFixed(2)}, and with one replica fewer it would have been below ${scaleInBelow} ${held}`;
}

function leastWords({ config }: PoolScheduler<unknown>): string {
  return `fewer than ${config.autoscale!.min} replicas work, the least of the pool`;
}
