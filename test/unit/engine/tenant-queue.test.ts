/** The order within a tenant's queue: two lines, and whose turn it is. */
import { expect, test } from "vitest";
import { type QueueOrder, TenantQueue } from "../../../src/engine/allocation/tenant-queue.ts";
import { Request } from "../../../src/engine/request.ts";

const HOPELESS_PROMPT = 100;

const ORDER: QueueOrder = {
  before: (a, b) => a.number < b.number,
  isHopeless: (request) => request.promptTokens >= HOPELESS_PROMPT,
  hopelessBefore: (a, b) => a.number < b.number,
};

function waiting(number: number, promptTokens: number): Request<undefined> {
  return new Request(
    { origin: undefined, tenant: 0, pool: 0, promptTokens, maxOutputTokens: 1, adapter: undefined },
    {
      number,
      tier: 0,
      arrivalNs: 0,
      deadlineNs: Infinity,
      maxOutputTokens: 1,
      predictedTokens: 1,
      prefix: undefined,
    },
  );
}

test("one request in eight is one past hope, while others wait that are not", () => {
  const queue = new TenantQueue<undefined>({ tenant: 0, tier: 0 }, ORDER);
  for (let number = 0; number < 40; number++) queue.push(waiting(number, 1));
  for (let number = 40; number < 44; number++) queue.push(waiting(number, HOPELESS_PROMPT));
  queue.relegate(0);
  const taken: number[] = [];
  for (let left = queue.size; left > 0; left--) {
    queue.relegate(0);
    taken.push(queue.head!.number);
    queue.takeHead();
  }
  // Those past hope stand at the end of the first line until it comes to them: then they are relegated.
  expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 44 }, (_, index) => index));
});
