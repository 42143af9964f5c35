/**
 * How close a pool is to breaking its promises, as one number: 0 with nothing to do, 1 where a newcomer is predicted to miss its
 * target or finds the pool full. It is the largest of three shares: slots taken, KV cache promised, and, for every tier served
 * here, the part of its TTFT slack (target less the time on an idle replica) that waiting takes by the same prediction that
 * places requests. Waiting counts the queue and the prompts bound to replicas, which is how a full prefill budget shows.
 */
import type { Request } from "../request.ts";
import type { PoolScheduler } from "../scheduler.ts";
import type { ReplicaView } from "./replica-view.ts";

export interface PoolRisk {
  readonly risk: number;
  /** What makes it so high, with its figure: "87 % of the slots are taken". */
  readonly cause: string;
}

/** Beyond this, there is no more to tell; keeps a long queue's risk from being averaged for minutes. */
const MOST_RISK = 10;

/** The risk now. `ttftBudgetsNs` has one limit per tier, Infinity where it states none. */
export function poolRisk(
  scheduler: PoolScheduler<unknown>,
  ttftBudgetsNs: readonly number[],
): PoolRisk {
  const open = scheduler.replicas.filter(({ isOpen }) => isOpen);
  if (open.length === 0) {
    const isWaiting = scheduler.queuedRequests > 0;
    return { risk: isWaiting ? MOST_RISK : 0, cause: "no replica takes requests" };
  }
  const { maxNumSeqs, kvBlocks } = scheduler.config;
  const own = open.flatMap((replica) => ownRequests(replica));
  const slots = own.length / (open.length * maxNumSeqs);
  const kv = sum(own, ({ promisedBlocks }) => promisedBlocks) / (open.length * kvBlocks);
  let worst: PoolRisk = { risk: slots, cause: `${percent(slots)} of the slots are taken` };
  if (kv > worst.risk) worst = { risk: kv, cause: `${percent(kv)} of the KV cache is promised` };
  // Of what is bound now: a stand-in for the newcomer's prompt. One token where nothing is.
  const promptTokens =
    own.length === 0 ? 1 : sum(own, (request) => request.promptTokens) / own.length;
  for (const tier of servedTiers(scheduler)) {
    const risk = ttftRisk(scheduler, open, {
      tier,
      promptTokens,
      limitNs: ttftBudgetsNs[tier]!,
    });
    if (risk <= worst.risk) continue;
    const { name } = scheduler.platform.tiers[tier]!;
    worst = { risk, cause: `waiting takes ${percent(risk)} of ${name}'s TTFT slack` };
  }
  return worst.risk > MOST_RISK ? { ...worst, risk: MOST_RISK } : worst;
}

/** The share of the tier's slack that waiting takes; 0 where the target is out of reach even on an idle replica. */
function ttftRisk(
  scheduler: PoolScheduler<unknown>,
  open: readonly ReplicaView<unknown>[],
  newcomer: { readonly tier: number; readonly promptTokens: number; readonly limitNs: number },
): number {
  const { forecast } = scheduler;
  const { tier, promptTokens, limitNs } = newcomer;
  const idleNs = forecast.shortestPrefillNs(promptTokens);
  const slackNs = limitNs - idleNs;
  if (slackNs <= 0 || limitNs === Infinity) return 0;
  let soonestNs = Infinity;
  for (const replica of open) {
    const firstTokenNs = replica.firstTokenNs(promptTokens);
    soonestNs = Math.min(soonestNs, firstTokenNs);
  }
  return (scheduler.predictedWaitNs(tier) + soonestNs - idleNs) / slackNs;
}

function servedTiers({ platform, servedTenants }: PoolScheduler<unknown>): Set<number> {
  return new Set(servedTenants.map((tenant) => platform.tenants[tenant]!.tier));
}

/** What borrowers hold of a lent replica they give back when it is called for: no reason to grow. */
function ownRequests(replica: ReplicaView<unknown>): Request<unknown>[] {
  return replica.bound.filter(
    (request): request is Request<unknown> => request !== undefined && !replica.isBorrower(request),
  );
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
