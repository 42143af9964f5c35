/**
 * Which replica a request goes to: the one with the earliest predicted first token among those that can take it at their next
 * boundary. The prediction is linear in what is already bound there, so that it costs a few operations per replica; time to
 * load the adapter is part of it, which makes affinity a preference bounded by the load time, and so is a small surcharge on
 * another's replica, which makes borrowing the second choice.
 */
import type { PoolConfig } from "../config.ts";
import { MARGIN_STEPS } from "../memory-guard.ts";
import type { MemoryQuota } from "../memory-quota.ts";
import type { Request } from "../request.ts";
import type { AdapterNeed } from "./adapter-loads.ts";
import type { AdapterPlan } from "./adapter-residency.ts";
import { type LoanTerms, mayBorrow } from "./lending.ts";
import type { ReplicaView } from "./replica-view.ts";

/** Why a request cannot be placed now; each is a gate that names itself. */
export type Gate =
  | "no-replica-up"
  | "held"
  | "lent"
  | "slots"
  | "prefill-budget"
  | "kv-cache"
  | "adapter-memory"
  | "tier-cap"
  | "tier-ceiling"
  | "tenant-memory";

/** Gates that open by themselves as running requests go on and end: whoever is refused there waits for room. */
const ROOM_GATES: ReadonlySet<Gate> = new Set<Gate>([
  "held",
  "lent",
  "slots",
  "prefill-budget",
  "kv-cache",
  "adapter-memory",
  "tier-ceiling",
]);

export function isWantOfRoom(gate: Gate): boolean {
  return ROOM_GATES.has(gate);
}

export type Placement<Origin> =
  | { readonly kind: "placed"; readonly replica: ReplicaView<Origin>; readonly blocks: number }
  | { readonly kind: "refused"; readonly gate: Exclude<Gate, "tenant-memory"> }
  /** There is room on this replica, but not under the tenant's bound. */
  | {
      readonly kind: "refused";
      readonly gate: "tenant-memory";
      readonly replica: ReplicaView<Origin>;
    };

/** What a placement is decided on, besides the request and the replicas. */
export interface PlacementNeeds {
  readonly adapter: AdapterNeed | undefined;
  readonly memory: MemoryQuota;
  /** The terms on which each pool lends its replicas; undefined where it does not. */
  readonly loans: readonly (LoanTerms | undefined)[];
  /** Slots of each own replica that the request's tier leaves to others. */
  readonly reservedSlots: number;
}

/** However short the prediction, a stay is promised room for its first token and the memory guard's margin. */
const SHORTEST_STAY_TOKENS = 1 + MARGIN_STEPS;

/** How much sooner a borrowed replica must promise the first token than an own one, ns: borrowers may be called in. Assumed. */
const BORROWING_SURCHARGE_NS = 2_000_000;

/** Chooses the replica; among equals the first. One that would exceed the tenant's bound on GPU memory is none. Changes nothing. */
export function place<Origin>(
  request: Request<Origin>,
  replicas: readonly ReplicaView<Origin>[],
  needs: PlacementNeeds,
): Placement<Origin> {
  const { adapter: need, memory } = needs;
  const contextTokens = request.promptTokens + request.outputTokens;
  const endTokens = promisedTokens(request);
  let best: ReplicaView<Origin> | undefined;
  let overBound: ReplicaView<Origin> | undefined;
  let bestNs = Infinity;
  let bestBlocks = 0;
  let gate: Exclude<Gate, "tenant-memory"> = "no-replica-up";
  for (const replica of replicas) {
    const { config } = replica;
    const blocks = Math.ceil(endTokens / config.blockTokens);
    const refusal = refusalOf(replica, request, blocks, needs);
    if (refusal !== undefined) {
      // What one's own pool lacks says more than what another's does.
      if (gate === "no-replica-up" || !replica.isBorrower(request)) gate = refusal;
      continue;
    }
    let firstTokenNs = replica.forecast.firstTokenNs(replica, contextTokens);
    if (replica.isBorrower(request)) firstTokenNs += BORROWING_SURCHARGE_NS;
    if (firstTokenNs >= bestNs) continue;
    let bytes = blocks * config.blockBytes;
    if (need !== undefined) {
      const plan = replica.adapters.plan(need.adapter, need.bytes);
      if (plan.kind === "no-room") {
        gate = "adapter-memory";
        continue;
      }
      firstTokenNs += adapterDelayNs(plan, need.bytes, config);
      if (firstTokenNs >= bestNs) continue;
      if (plan.kind === "load") bytes += need.bytes;
    }
    if (!memory.fits(bytes)) {
      overBound ??= replica;
      continue;
    }
    best = replica;
    bestNs = firstTokenNs;
    bestBlocks = blocks;
  }
  if (best !== undefined) return { kind: "placed", replica: best, blocks: bestBlocks };
  if (overBound === undefined) return { kind: "refused", gate };
  return { kind: "refused", gate: "tenant-memory", replica: overBound };
}

/** Tokens of context that a request placed now is promised room for. */
function promisedTokens(request: Request<unknown>): number {
  const contextTokens = request.promptTokens + request.outputTokens;
  // With the margin, a request that ends as predicted never needs a longer promise.
  const predictedEnd = request.promptTokens + request.predictedTokens + MARGIN_STEPS;
  return Math.min(
    Math.max(predictedEnd, contextTokens + SHORTEST_STAY_TOKENS),
    request.promptTokens + request.maxOutputTokens,
  );
}

function refusalOf(
  replica: ReplicaView<unknown>,
  request: Request<unknown>,
  blocks: number,
  needs: PlacementNeeds,
): Exclude<Gate, "tenant-memory"> | undefined {
  const { config } = replica;
  if (!replica.isUp) return "no-replica-up";
  const { heldForTenant } = replica;
  if (heldForTenant !== undefined && heldForTenant !== request.tenant) return "held";
  if (!replica.hasFreeSlot) return "slots";
  if (replica.isBorrower(request)) {
    const terms = needs.loans[replica.pool];
    if (terms === undefined || !mayBorrow(replica, request, blocks, terms)) return "lent";
  } else if (replica.boundCount + needs.reservedSlots >= config.maxNumSeqs) {
    return "tier-ceiling";
  }
  // Late binding: only as many prompt tokens as the next step can compute, or one prompt longer than a step.
  const pending = replica.pendingPromptTokens;
  const budget = config.maxNumBatchedTokens - replica.boundCount;
  const contextTokens = request.promptTokens + request.outputTokens;
  if (pending > 0 && pending + contextTokens > budget) return "prefill-budget";
  if (replica.boundCount > 0 && replica.promisedBlocks + blocks > config.kvBlocks)
    return "kv-cache";
  return undefined;
}

function adapterDelayNs(plan: AdapterPlan, bytes: number, config: PoolConfig): number {
  if (plan.kind === "resident") return 0;
  const loadNs = (bytes / config.gpu.pcieBytesPerS) * 1e9;
  // A load under way is half done on average.
  return plan.kind === "loading" ? loadNs / 2 : loadNs;
}
