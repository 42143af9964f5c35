/**
 * When a dedicated replica may be lent. A borrower is a request that a shared pool's scheduler places on it. It may come
 * while nobody of the owner waits or has a prompt to compute there, leaves room for the owner's next requests, and never
 * makes a step so long that an owner who arrives in its midst would feel it; its prompt gives way to his. When the owner finds no
 * room all the same, as many borrowers as that takes leave at the next step boundary (calling-in.ts).
 */
import type { PlatformConfig, PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";
import { PrefillTime } from "./prefill-time.ts";
import type { ReplicaView } from "./replica-view.ts";

/**
 * Longest step that borrowers may make, as a share of the owner's TTFT target: an owner may arrive just after it began.
 * Assumed; more fills lent replicas faster and adds half of the difference to the owner's tail.
 */
const LENT_STEP_SHARE = 0.2;
/** Share of slots and of KV blocks that borrowers leave free, so that owners join without waiting; assumed. */
const OWNER_ROOM = 1 / 16;

/** What a loan is held against. */
export interface LoanTerms {
  readonly longestStepNs: number;
  readonly prefill: PrefillTime;
  readonly maxPreemptions: number;
}

/** The terms on which a pool lends; undefined where it does not. */
export function loanTerms(platform: PlatformConfig, pool: PoolConfig): LoanTerms | undefined {
  if (!pool.lend || pool.owner === undefined) return undefined;
  const { targets } = platform.tiers[platform.tenants[pool.owner]!.tier]!;
  const ttft = targets.find(({ metric }) => metric === "ttft")?.limitNs ?? Infinity;
  return {
    longestStepNs: LENT_STEP_SHARE * ttft,
    prefill: new PrefillTime(pool),
    maxPreemptions: platform.policy.maxPreemptions,
  };
}

/** The pools whose idle replicas this shared pool's requests may use: the same weights, and an owner who lends. */
export function lendersTo(platform: PlatformConfig, borrower: PoolConfig): number[] {
  if (borrower.owner !== undefined || !borrower.resumable) return [];
  return [...platform.pools.entries()].flatMap(([index, pool]) => {
    const { name, precision } = pool.model;
    const isSame = name === borrower.model.name && precision === borrower.model.precision;
    return loanTerms(platform, pool) !== undefined && isSame ? [index] : [];
  });
}

/** Whether the owner would not feel this borrower. `blocks`: what it will hold at its predicted end. */
export function mayBorrow(
  replica: ReplicaView<unknown>,
  request: Request<unknown>,
  blocks: number,
  terms: LoanTerms,
): boolean {
  const { config } = replica;
  if (replica.isWantedByOwner || replica.ownPendingPromptTokens > 0) return false;
  if (request.preemptions >= terms.maxPreemptions) return false;
  if (replica.boundCount + 1 > (1 - OWNER_ROOM) * config.maxNumSeqs) return false;
  if (replica.promisedBlocks + blocks > (1 - OWNER_ROOM) * config.kvBlocks) return false;
  const contextTokens = request.promptTokens + request.outputTokens;
  const stepNs = replica.forecast.stepNs(replica, contextTokens);
  return stepNs + terms.prefill.longestAttentionNs(contextTokens) <= terms.longestStepNs;
}

/** How much of the replica others may use as things are: the slots that are not its owner's, if he does not want it back. */
export function lentShare(replica: ReplicaView<unknown>): number {
  if (!replica.isOpen || replica.isWantedByOwner) return 0;
  const owned = replica.boundCount - replica.borrowerCount;
  return Math.max(0, 1 - OWNER_ROOM - owned / replica.config.maxNumSeqs);
}
