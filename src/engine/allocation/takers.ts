/** Over how many replicas the work that waits in a pool is spread: what divides a backlog when a wait is predicted. */
import { lentShare } from "./lending.ts";
import type { ReplicaView } from "./replica-view.ts";

/**
 * The pool's own that take requests, and of those that others lend it, the part that is free to lend. While there are none, those
 * that will take requests again: how long they are away nobody knows, so what is let in is what they can work off
 * in time when they are back. Above 0.
 */
export function takersOf(of: {
  readonly pool: number;
  readonly usableReplicas: readonly ReplicaView<unknown>[];
  readonly servingReplicas: number;
}): number {
  let takers = 0;
  for (const replica of of.usableReplicas) {
    if (replica.pool !== of.pool) takers += lentShare(replica);
    else if (replica.isOpen) takers += 1;
  }
  return takers > 0 ? takers : Math.max(1, of.servingReplicas);
}
