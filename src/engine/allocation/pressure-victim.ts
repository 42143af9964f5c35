/** Who must leave a replica whose KV cache cannot hold the next step: a borrower before anybody of the replica's own pool. */
import { assert } from "../../base/assert.ts";
import type { Policy } from "../policy/policy.ts";
import type { Request } from "../request.ts";
import type { ReplicaView } from "./replica-view.ts";

/** Among equals in that, the policy's choice. */
export function pressureVictim<Origin>(
  replica: ReplicaView<Origin>,
  policy: Policy,
): Request<Origin> {
  const mustLeaveBefore = (a: Request<Origin>, b: Request<Origin>) => {
    const isBorrower = replica.isBorrower(a);
    if (isBorrower !== replica.isBorrower(b)) return isBorrower;
    return policy.isVictimBefore(a, b);
  };
  let victim: Request<Origin> | undefined;
  for (const request of replica.bound) {
    if (request?.state !== "running") continue;
    if (victim === undefined || mustLeaveBefore(request, victim)) victim = request;
  }
  assert(victim !== undefined, "a replica without running requests is out of KV cache");
  return victim;
}
