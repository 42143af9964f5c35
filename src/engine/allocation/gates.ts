/**
 * Why a request cannot be placed now: every refusal names its gate. Two kinds stand before a replica: whether this request
 * may come at all (a hold for somebody else, the terms of a loan, room kept for higher tiers), and whether there is room.
 */
import type { Fence } from "../isolation/restraints.ts";
import type { Request } from "../request.ts";
import { type LoanTerms, mayBorrow } from "./lending.ts";
import { keepsOut } from "./overtaking.ts";
import type { ReplicaView } from "./replica-view.ts";

export type Gate =
  | "no-replica-up"
  | "held"
  | "lent"
  | "tier-ceiling"
  | "slots"
  | "prefill-budget"
  | "kv-cache"
  | "adapter-memory"
  | "tier-cap"
  | "in-flight-cap"
  | "replica-confinement"
  | "tenant-memory";

/** Gates of one replica. */
export type ReplicaGate = Exclude<Gate, "tier-cap" | "in-flight-cap" | "tenant-memory">;

/** Gates that open by themselves as running requests go on and end: whoever is refused there waits for room. */
const ROOM_GATES: ReadonlySet<Gate> = new Set<Gate>([
  "held",
  "lent",
  "tier-ceiling",
  "slots",
  "prefill-budget",
  "kv-cache",
  "adapter-memory",
  "replica-confinement",
]);

export function isWantOfRoom(gate: Gate): boolean {
  return ROOM_GATES.has(gate);
}

/** On what terms a request may come to a replica. */
export interface Terms {
  /** Those on which each pool lends its replicas; undefined where it does not. */
  readonly loans: readonly (LoanTerms | undefined)[];
  /** Slots of each own replica that the request's tier leaves to others. */
  readonly reservedSlots: number;
  /** When its prompt is due if it is bound now; asked only where prompts are in each other's way. */
  readonly dueNs: (request: Request<unknown>) => number;
  /** Where mitigation lets the request's tenant go; undefined: everywhere. */
  readonly fence: Fence | undefined;
}

/** The gate that keeps the request from the replica; `blocks`: what it would be promised. */
export function replicaGate(
  replica: ReplicaView<unknown>,
  request: Request<unknown>,
  blocks: number,
  terms: Terms,
): ReplicaGate | undefined {
  if (terms.fence?.allows(replica.index) === false) return "replica-confinement";
  return (
    roomGate(replica, request, blocks, terms) ?? permissionGate(replica, request, blocks, terms)
  );
}

function permissionGate(
  replica: ReplicaView<unknown>,
  request: Request<unknown>,
  blocks: number,
  terms: Terms,
): ReplicaGate | undefined {
  const { hold } = replica;
  if (hold !== undefined && keepsOut(hold, request)) {
    return hold.adapter === undefined ? "held" : "adapter-memory";
  }
  if (replica.isBorrower(request)) {
    const loan = terms.loans[replica.pool];
    return loan !== undefined && mayBorrow(replica, request, blocks, loan) ? undefined : "lent";
  }
  const isReserved = replica.boundCount + terms.reservedSlots >= replica.config.maxNumSeqs;
  return isReserved ? "tier-ceiling" : undefined;
}

function roomGate(
  replica: ReplicaView<unknown>,
  request: Request<unknown>,
  blocks: number,
  terms: Terms,
): ReplicaGate | undefined {
  const { config, boundCount } = replica;
  if (!replica.isOpen) return "no-replica-up";
  if (!replica.hasFreeSlot) return "slots";
  if (!isPromptNext(replica, request, terms)) return "prefill-budget";
  if (boundCount > 0 && replica.promisedBlocks + blocks > config.kvBlocks) return "kv-cache";
  return undefined;
}

/**
 * Late binding: a prompt comes when the next step can compute it besides what goes before it, or begin it where it is longer than
 * a step; where a step is composed ahead, those of that step are still pending while the next one's come. What is due later
 * gives way (replica/chunking.ts), however long it is.
 */
function isPromptNext(
  replica: ReplicaView<unknown>,
  request: Request<unknown>,
  { dueNs }: Terms,
): boolean {
  const pending = replica.pendingPromptTokens;
  if (pending === 0) return true;
  const own = replica.uncachedTokens(request);
  const { maxNumBatchedTokens, asyncScheduling } = replica.config;
  const steps = asyncScheduling ? 2 : 1;
  const budget = steps * (maxNumBatchedTokens - replica.boundCount);
  if (pending + own <= budget) return true;
  const before = replica.promptTokensBefore(request, replica.dueHereNs(request, dueNs(request)));
  if (before === 0 || before + own <= budget) return true;
  return own > replica.config.maxNumBatchedTokens && before < budget;
}
