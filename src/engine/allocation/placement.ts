/**
 * Which replica a request goes to: the one with the earliest predicted first token among those that can take it at their next
 * boundary. The prediction is linear in what is already bound there, so that it costs a few operations per replica; time to
 * load the adapter is part of it, and the time that a cached prefix saves, which makes affinity to either a preference
 * bounded by that time; so is a small surcharge on another's replica, which makes borrowing the second choice.
 */
import { unreachable } from "../../base/assert.ts";
import type { PoolConfig } from "../config.ts";
import { MARGIN_STEPS } from "../memory-guard.ts";
import type { MemoryQuota } from "../memory-quota.ts";
import type { Request } from "../request.ts";
import type { AdapterNeed } from "./adapter-loads.ts";
import { type Gate, type ReplicaGate, type Terms, replicaGate } from "./gates.ts";
import type { ReplicaView } from "./replica-view.ts";

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
export interface PlacementNeeds extends Terms {
  readonly adapter: AdapterNeed | undefined;
  readonly memory: MemoryQuota;
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
  const endTokens = promisedTokens(request);
  const { fence } = needs;
  let best: ReplicaView<Origin> | undefined;
  let overBound: ReplicaView<Origin> | undefined;
  let bestNs = Infinity;
  let bestBlocks = 0;
  let gate: ReplicaGate = "no-replica-up";
  for (const replica of replicas) {
    let startNs = firstTokenNs(replica, request);
    if (fence !== undefined) startNs += fence.detourNs(replica.index);
    // Worth no look at its gates: once there is a best, a refusal is not told.
    if (startNs >= bestNs) continue;
    const blocks = Math.ceil(endTokens / replica.config.blockTokens);
    const closed = replicaGate(replica, request, blocks, needs);
    const adapter = closed === undefined ? adapterCost(replica, needs.adapter) : undefined;
    if (adapter === undefined) {
      gate = moreTelling(gate, closed ?? "adapter-memory", replica.isBorrower(request));
      continue;
    }
    if (startNs + adapter.delayNs >= bestNs) continue;
    if (!needs.memory.fits(blocks * replica.config.blockBytes + adapter.bytes)) {
      overBound ??= replica;
      continue;
    }
    best = replica;
    bestNs = startNs + adapter.delayNs;
    bestBlocks = blocks;
  }
  if (best !== undefined) return { kind: "placed", replica: best, blocks: bestBlocks };
  return refusal(gate, overBound);
}

/**
 * Memory for the adapter says most, for whoever lacks nothing else somewhere lets others pass there; then a confinement, for
 * whoever is confined pushes nobody out: the place might come free where he may not go. What one's own pool lacks says
 * more than what another's does.
 */
function moreTelling(gate: ReplicaGate, next: ReplicaGate, isBorrower: boolean): ReplicaGate {
  if (gate === "adapter-memory" || next === "adapter-memory") return "adapter-memory";
  if (gate === "replica-confinement") return gate;
  return gate === "no-replica-up" || next === "replica-confinement" || !isBorrower ? next : gate;
}

/** What keeps the request from this one replica, its tenant's bound aside. */
export function gateAt(
  request: Request<unknown>,
  replica: ReplicaView<unknown>,
  needs: PlacementNeeds,
): ReplicaGate | undefined {
  const blocks = Math.ceil(promisedTokens(request) / replica.config.blockTokens);
  const closed = replicaGate(replica, request, blocks, needs);
  if (closed !== undefined) return closed;
  return adapterCost(replica, needs.adapter) === undefined ? "adapter-memory" : undefined;
}

function refusal<Origin>(
  gate: ReplicaGate,
  overBound: ReplicaView<Origin> | undefined,
): Placement<Origin> {
  if (overBound === undefined) return { kind: "refused", gate };
  return { kind: "refused", gate: "tenant-memory", replica: overBound };
}

function firstTokenNs(replica: ReplicaView<unknown>, request: Request<unknown>): number {
  const uncached = replica.uncachedTokens(request);
  const ns = replica.firstTokenNs(uncached);
  return replica.isBorrower(request) ? ns + BORROWING_SURCHARGE_NS : ns;
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

interface AdapterCost {
  /** Until the adapter can be used here, ns, and what it newly takes of its tenant's memory. */
  readonly delayNs: number;
  readonly bytes: number;
}

const NO_COST: AdapterCost = { delayNs: 0, bytes: 0 };

/** What having the adapter on the replica costs; undefined where there is no room for it. */
function adapterCost(
  { adapters, config }: ReplicaView<unknown>,
  need: AdapterNeed | undefined,
): AdapterCost | undefined {
  if (need === undefined) return NO_COST;
  const plan = adapters.plan(need.adapter, need.bytes);
  const loadNs = loadTimeNs(need.bytes, config);
  switch (plan.kind) {
    case "resident":
      return NO_COST;
    case "loading":
      // A load under way is half done on average.
      return { delayNs: loadNs / 2, bytes: 0 };
    case "load":
      return { delayNs: loadNs, bytes: need.bytes };
    case "no-room":
      return undefined;
    default:
      return unreachable(plan);
  }
}

function loadTimeNs(bytes: number, { gpu }: PoolConfig): number {
  return (bytes / gpu.pcieBytesPerS) * 1e9;
}
