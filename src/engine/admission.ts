/**
 * Decides whether a submission is taken in: first what can never work, then the tenant's quotas, then what mitigation
 * allows it, then load shedding. Changes
 * nothing; the engine reserves and queues what passes.
 */
import type { PoolConfig } from "./config.ts";
import type { Rejection, Submission } from "./request.ts";
import type { PoolScheduler } from "./scheduler.ts";
import type { Reservation } from "./quota/tenant-quota.ts";
import type { TenantState } from "./tenant.ts";

export type Screening =
  | { readonly kind: "pass"; readonly reservation: Reservation; readonly maxOutputTokens: number }
  | { readonly kind: "refuse"; readonly rejection: Rejection };

const NEVER = Infinity;

export function screen<Origin>(
  nowNs: number,
  submission: Submission<Origin>,
  tenant: TenantState,
  scheduler: PoolScheduler<Origin>,
): Screening {
  const maxOutputTokens = longestOutput(submission, tenant, scheduler.config);
  const endless = neverFits(submission, maxOutputTokens, tenant, scheduler.config);
  if (endless !== undefined) return refuse({ reason: endless, retryAfterNs: NEVER });
  if (scheduler.queuedOf(tenant.index) >= tenant.quota.config.maxQueuedRequests) {
    const waitNs = scheduler.predictedWaitNs(tenant.config.tier);
    return refuse({ reason: "queue-full", retryAfterNs: Math.ceil(waitNs) });
  }
  const reservation = tenant.quota.reservation(submission.promptTokens, maxOutputTokens);
  const refusal = tenant.quota.refusal(nowNs, reservation);
  if (refusal !== undefined) return refuse(refusal);
  const throttledNs = scheduler.restraints.throttledNs(nowNs, tenant.index);
  if (throttledNs > 0) return refuse({ reason: "throttled", retryAfterNs: throttledNs });
  const shedNs = shedFor(tenant.config.tier, scheduler);
  if (shedNs > 0) return refuse({ reason: "shed", retryAfterNs: Math.ceil(shedNs) });
  return { kind: "pass", reservation, maxOutputTokens };
}

/** What the request may produce: as asked, or the tenant's default as far as the model's context allows. */
function longestOutput(
  submission: Submission<unknown>,
  tenant: TenantState,
  pool: PoolConfig,
): number {
  if (submission.maxOutputTokens !== undefined) return submission.maxOutputTokens;
  const room = pool.model.maxContextTokens - submission.promptTokens;
  return Math.max(1, Math.min(tenant.config.defaultMaxOutputTokens, room));
}

function neverFits(
  submission: Submission<unknown>,
  maxOutputTokens: number,
  tenant: TenantState,
  pool: PoolConfig,
): "too-large" | "adapter-unknown" | undefined {
  const { adapter, promptTokens } = submission;
  const adapterBytes = adapter === undefined ? 0 : tenant.config.adapters[adapter]?.bytes;
  if (adapterBytes === undefined) return "adapter-unknown";
  const tokens = promptTokens + maxOutputTokens;
  const blocks = Math.ceil(tokens / pool.blockTokens);
  const fits =
    tokens <= pool.model.maxContextTokens &&
    blocks <= pool.kvBlocks &&
    adapterBytes <= pool.adapterBudgetBytes &&
    blocks * pool.blockBytes + adapterBytes <= tenant.memory.limitBytes;
  return fits ? undefined : "too-large";
}

/**
 * How far the predicted wait of this tier or one above it is over what that tier allows, ns; 0 when none is, or when a
 * lower tier still has requests waiting, whose newcomers are shed first.
 */
function shedFor<Origin>(tier: number, scheduler: PoolScheduler<Origin>): number {
  const { tiers } = scheduler.platform;
  if (scheduler.backlogged.some((queue) => queue.tier > tier)) return 0;
  let worstNs = 0;
  for (let upper = 0; upper <= tier; upper++) {
    const { shedAboveWaitNs } = tiers[upper]!;
    if (shedAboveWaitNs === Infinity) continue;
    worstNs = Math.max(worstNs, scheduler.predictedWaitNs(upper) - shedAboveWaitNs);
  }
  return worstNs;
}

function refuse(rejection: Rejection): Screening {
  return { kind: "refuse", rejection };
}
