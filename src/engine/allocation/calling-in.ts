/**
 * Which borrowers must leave when the owner of a lent replica finds no room there, and for want of what: slots and KV cache are
 * freed for all that he has waiting, adapter memory for the adapter of the one that is next. Where his own prompts fill the
 * steps, borrowers' prompts wait behind them; who has waited too long goes home. The cheapest victims first.
 */
import { isCheaperVictim } from "../policy/policy.ts";
import type { Request } from "../request.ts";
import type { AdapterLoads, AdapterNeed } from "./adapter-loads.ts";
import type { Gate } from "./gates.ts";
import type { ReplicaView } from "./replica-view.ts";

export interface LentReplica<Origin> {
  readonly replica: ReplicaView<Origin>;
  /** What keeps the owner's next request from it. */
  readonly gate: Gate | undefined;
}

/** What the owner's waiting requests need, and the adapter of the next one. */
export interface Wanted {
  readonly slots: number;
  readonly blocks: number;
  readonly adapter: AdapterNeed | undefined;
}

/** Those to call in now, bounded by the borrowers there are. Those who are leaving already count as having left. */
export function toCallIn<Origin>(
  nowNs: number,
  lent: readonly LentReplica<Origin>[],
  wanted: Wanted,
  loads: AdapterLoads<Origin>,
): Request<Origin>[] {
  const full: ReplicaView<Origin>[] = [];
  const overdue: Request<Origin>[] = [];
  let fewest: readonly Request<Origin>[] | undefined;
  for (const { replica, gate } of lent) {
    if (gate === "slots" || gate === "kv-cache") full.push(replica);
    if (gate === "prefill-budget") {
      overdue.push(...staying(replica).filter((borrower) => replica.isOverdue(borrower, nowNs)));
    }
    if (gate === "adapter-memory" && wanted.adapter !== undefined) {
      const users = usersInTheWay(replica, wanted.adapter, loads);
      if (users !== undefined && (fewest === undefined || users.length < fewest.length)) {
        fewest = users;
      }
    }
  }
  return [...new Set([...cheapest(full, wanted), ...overdue, ...(fewest ?? [])])];
}

/** Borrowers who, with those already leaving, hold the slots and blocks that are wanted, or all there are. */
function cheapest<Origin>(
  replicas: readonly ReplicaView<Origin>[],
  wanted: Wanted,
): Request<Origin>[] {
  let { slots, blocks } = wanted;
  for (const replica of replicas) {
    for (const borrower of borrowersOf(replica)) {
      if (borrower.state !== "evicting") continue;
      slots -= 1;
      blocks -= borrower.promisedBlocks;
    }
  }
  const called: Request<Origin>[] = [];
  const borrowers = replicas.flatMap((replica) =>
    staying(replica).map((borrower) => replica.victim(borrower)),
  );
  borrowers.sort((a, b) => (isCheaperVictim(a, b) ? -1 : 1));
  for (const { request: borrower } of borrowers) {
    if (slots <= 0 && blocks <= 0) break;
    slots -= 1;
    blocks -= borrower.promisedBlocks;
    called.push(borrower);
  }
  return called;
}

/**
 * The fewest borrowers whose adapters must go so that the owner's fits, those used by fewest first; undefined where his own
 * take all the room. None where enough are leaving already.
 */
function usersInTheWay<Origin>(
  replica: ReplicaView<Origin>,
  need: AdapterNeed,
  loads: AdapterLoads<Origin>,
): readonly Request<Origin>[] | undefined {
  const users = Map.groupBy(
    borrowersOf(replica).filter(({ adapter }) => adapter !== undefined),
    (borrower) => loads.adapterOf(borrower)!.adapter,
  );
  const lots = [...users]
    .map(([adapter, all]) => ({ adapter, stay: all.filter(({ state }) => state !== "evicting") }))
    .toSorted((a, b) => a.stay.length - b.stay.length || a.adapter - b.adapter);
  let missing = replica.adapters.missingBytes(need.bytes);
  const called: Request<Origin>[] = [];
  for (const { adapter, stay } of lots) {
    if (missing <= 0) break;
    missing -= replica.adapters.bytesOf(adapter);
    called.push(...stay);
  }
  return missing <= 0 ? called : undefined;
}

function borrowersOf<Origin>(replica: ReplicaView<Origin>): Request<Origin>[] {
  return replica.bound.filter(
    (request): request is Request<Origin> => request !== undefined && replica.isBorrower(request),
  );
}

function staying<Origin>(replica: ReplicaView<Origin>): Request<Origin>[] {
  return borrowersOf(replica).filter(({ state }) => state !== "evicting");
}
