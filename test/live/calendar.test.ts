/** Days and months begin in UTC, in the run's time, and a restart brings what was used before. */
import { expect, test } from "vitest";
import { Calendar, periodStarts } from "../../src/live/calendar.ts";

type Call = readonly [name: string, ...unknown[]];

function calls(): { inputs: Parameters<Calendar["turn"]>[0]; said: Call[] } {
  const said: Call[] = [];
  const inputs = {
    startDay: (...rest: unknown[]) => void said.push(["day", ...rest]),
    startMonth: (...rest: unknown[]) => void said.push(["month", ...rest]),
  };
  return { inputs, said };
}

const HOUR_NS = 3600e9;

test("the last evening of a year: a new day, a new month, and the limits' ends", () => {
  const { inputs, said } = calls();
  const calendar = new Calendar(Date.UTC(2026, 11, 31, 22));
  const used = { tokensToday: [7], nanoUsdThisMonth: [9] };
  calendar.begin(inputs, used);
  const day = Date.UTC(2026, 11, 31) / 86_400_000;
  expect(said).toEqual([
    ["day", day, 2 * HOUR_NS, [7]],
    ["month", 2026 * 12 + 11, 2 * HOUR_NS, [9]],
  ]);
  expect(calendar.nextNs).toBe(2 * HOUR_NS);
  said.length = 0;
  calendar.turn(inputs);
  expect(said).toEqual([
    ["day", day + 1, 26 * HOUR_NS],
    ["month", 2027 * 12, (2 + 31 * 24) * HOUR_NS],
  ]);
  said.length = 0;
  calendar.turn(inputs);
  expect(said).toEqual([["day", day + 2, 50 * HOUR_NS]]);
});

test("the day and the month that a moment lies in", () => {
  const moment = Date.UTC(2028, 1, 29, 23, 59, 59, 999);
  expect(periodStarts(moment)).toEqual({
    dayMs: Date.UTC(2028, 1, 29),
    monthMs: Date.UTC(2028, 1, 1),
  });
});
