/** Open-loop requests: they arrive when a random process says so, whatever becomes of the earlier ones. */
import { assert } from "../../base/assert.ts";
import type { ArrivalTimes } from "./arrivals.ts";
import type { Arrival } from "./client.ts";
import type { DrawRequest, RequestSource } from "./requests.ts";

export class ProcessSource implements RequestSource {
  nextNs: number;
  readonly #times: ArrivalTimes;
  readonly #draw: DrawRequest;

  constructor(times: ArrivalTimes, draw: DrawRequest) {
    this.#times = times;
    this.#draw = draw;
    this.nextNs = times();
  }

  take(): Arrival {
    assert(this.nextNs !== Infinity, "an arrival is known");
    const arrival = this.#draw(this.nextNs);
    this.nextNs = this.#times();
    return arrival;
  }

  finished(): void {}
}
