/**
 * Closed-loop requests: a fixed number of users who each wait for the answer, think, and send again. No more requests
 * than users are ever in flight, so a slow platform is asked less. Every user starts by thinking, so that they do not
 * all come at time 0. A user who would send at or after the end of arrivals leaves.
 */
import { assert } from "../../base/assert.ts";
import { Heap } from "../../base/heap.ts";
import type { Arrival } from "./client.ts";
import type { UnitGap } from "./gaps.ts";
import type { DrawRequest, Finished, RequestSource } from "./requests.ts";

interface Users {
  readonly count: number;
  readonly thinkMeanNs: number;
  readonly drawThink: UnitGap;
  readonly endNs: number;
}

export class UserSource implements RequestSource {
  readonly #users: Users;
  readonly #draw: DrawRequest;
  /** When each thinking user sends; at most as many entries as users. Equal times need no order: users are alike. */
  readonly #thinking = new Heap<number>((a, b) => a < b);

  constructor(users: Users, draw: DrawRequest) {
    this.#users = users;
    this.#draw = draw;
    for (let user = 0; user < users.count; user++) this.#think(0);
  }

  get nextNs(): number {
    return this.#thinking.peek() ?? Infinity;
  }

  take(): Arrival {
    const timeNs = this.#thinking.pop();
    assert(timeNs !== undefined, "a user is about to send");
    return this.#draw(timeNs);
  }

  finished({ readyNs }: Finished): void {
    this.#think(readyNs);
    assert(this.#thinking.size <= this.#users.count, "no more users than there are");
  }

  #think(fromNs: number): void {
    const sendNs = Math.round(fromNs + this.#users.thinkMeanNs * this.#users.drawThink());
    if (sendNs < this.#users.endNs) this.#thinking.push(sendNs);
  }
}
