/**
 * Tells a policy that counts service what running requests have produced beyond their charge. A replica's requests are looked
 * at only if it has taken steps since the last time.
 */
import type { ReplicaView } from "./allocation/replica-view.ts";
import type { ServiceAccount } from "./policy/policy.ts";

export class DeliveredService {
  readonly #pool: number;
  /** Each replica's step count when its running requests' service was last counted. */
  readonly #countedSteps: Float64Array;

  /** `replicas`: those of all pools. */
  constructor(pool: number, replicas: number) {
    this.#pool = pool;
    this.#countedSteps = new Float64Array(replicas).fill(-1);
  }

  count(account: ServiceAccount | undefined, replicas: readonly ReplicaView<unknown>[]): void {
    if (account === undefined) return;
    for (const { index, meter, bound } of replicas) {
      if (this.#countedSteps[index] === meter.steps) continue;
      this.#countedSteps[index] = meter.steps;
      for (const request of bound) {
        if (request?.pool !== this.#pool || !request.isPrefilled) continue;
        account.delivered(request, meter.steps - request.firstStep + 1);
      }
    }
  }
}
