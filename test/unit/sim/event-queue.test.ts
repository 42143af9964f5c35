/** The agenda: order by time, then rank, then sequence, and sources that move or withdraw their event. */
import { expect, test } from "vitest";
import { EventQueue, RANKS } from "../../../src/sim/event-queue.ts";

test.each(RANKS.slice(1).map((rank, index) => [RANKS[index]!, rank] as const))(
  "at one instant %s comes before %s",
  (first, second) => {
    const order: string[] = [];
    const events = new EventQueue(2);
    const late = events.addSource(second, () => order.push(second));
    const early = events.addSource(first, () => order.push(first));
    events.schedule(late, 5);
    events.schedule(early, 5);
    while (events.runNext());
    expect(order).toEqual([first, second]);
  },
);

test("within a rank the source scheduled earlier goes first, and time goes before all", () => {
  const order: string[] = [];
  const events = new EventQueue(3);
  const [a, b, c] = ["a", "b", "c"].map((name) =>
    events.addSource("arrival", () => order.push(name)),
  );
  events.schedule(b!, 7);
  events.schedule(a!, 7);
  events.schedule(c!, 3);
  while (events.runNext());
  expect(order).toEqual(["c", "b", "a"]);
});

test("a source may move its event, take it back, or ask for another while it runs", () => {
  const times: number[] = [];
  const events = new EventQueue(2);
  const again = events.addSource("wake", (nowNs) => {
    times.push(nowNs);
    if (nowNs < 3) events.schedule(again, nowNs + 1);
  });
  const never = events.addSource("wake", () => times.push(-1));
  events.schedule(never, 2);
  events.schedule(again, 9);
  events.schedule(again, 1);
  events.schedule(never, Infinity);
  while (events.runNext());
  expect(times).toEqual([1, 2, 3]);
  expect(events.nextNs).toBe(Infinity);
});

test("knows whether anything but recurring events is left", () => {
  const events = new EventQueue(3);
  const [calendar, arrival, wake] = (["calendar", "arrival", "wake"] as const).map((rank) =>
    events.addSource(rank, () => {}),
  );
  events.schedule(calendar!, 1);
  events.schedule(wake!, 2);
  expect(events.hasWork).toBe(false);
  events.schedule(arrival!, 3);
  expect(events.hasWork).toBe(true);
  while (events.runNext());
  expect(events.hasWork).toBe(false);
});
