/** Who must leave a replica whose KV cache cannot hold the next step: a borrower before anybody of the replica's own pool. */
import { assert } from "../../base/assert.ts";
import type { Policy, Victim } from "../policy/policy.ts";
import type { Request } from "../request.ts";
import type { ReplicaView } from "./replica-view.ts";

/** Among equals in that, the policy's choice. */
export function pressureVictim<Origin>(
  replica: ReplicaView<Origin>,
  policy: Policy,
): Request<Origin> {
  let last: ReturnType<typeof replica.victim> | undefined;
  for (const request of replica.bound) {
    if (request?.state !== "running") continue;
    const victim = replica.victim(request);
    if (last !== undefined && !mustLeaveBefore(victim, last)) continue;
    last = victim;
  }
  assert(last !== undefined, "a replica without running requests is out of KV cache");
  return last.request;

  function mustLeaveBefore(a: Victim, b: Victim): boolean {
    const isBorrower = replica.isBorrower(a.request);
    if (isBorrower !== replica.isBorrower(b.request)) return isBorrower;
    return policy.isVictimBefore(a, b);
  }
}
