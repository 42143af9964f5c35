/** Sequences of checks worked by hand: when a measure comes, when it goes, and that a lasting flood does not make it flap. */
import { expect, test } from "vitest";
import { Ladder } from "../../../../src/engine/isolation/ladder.ts";

const SETTINGS = { tightenAfterChecks: 3, relaxAfterChecks: 2 };

/** Plays checks ("!" strained, "." quiet) and writes the rung after each. */
function play(ladder: Ladder, checks: string): string {
  return checks
    .split("")
    .map((check) => (ladder.observe(check === "!", SETTINGS), ladder.rung))
    .join("");
}

test.each([
  [
    "an alarm is reason enough for the first rung, three more checks for the next",
    "!!!!!!!",
    "1112223",
  ],
  ["the top is the top", "!!!!!!!!!!!!!", "1112223333333"],
  ["a quiet check between does not forgive the strained ones", "!!.!.!", "111112"],
  [
    "two quiet checks in a row take one rung back, and the next two another",
    "!!!!....",
    "11122110",
  ],
  ["quiet checks count in a row", "!.!.!.", "111111"],
  ["without suffering nothing is held back", "........", "00000000"],
])("%s", (_, checks, rungs) => {
  expect(play(new Ladder(3), checks)).toBe(rungs);
});

test("a step down that proves wrong is undone at once, and the next waits four times as long", () => {
  const ladder = new Ladder(3);
  // Up to 2, down to 1 after two quiet checks; the first suffering after it restores 2, and then it takes 2 x 4 quiet ones.
  expect(play(ladder, "!!!!..!")).toBe("1112212");
  expect(play(ladder, "........")).toBe("22222221");
  expect(play(ladder, "!")).toBe("2");
  expect(play(ladder, ".".repeat(32))).toBe(`${"2".repeat(31)}1`);
});

test("under a flood that suffers whenever it is let go, moves grow rare", () => {
  const ladder = new Ladder(3);
  let moves = 0;
  let last = 0;
  for (let check = 0; check < 10_000; check++) {
    ladder.observe(ladder.rung === 0, SETTINGS);
    if (ladder.rung !== last) moves += 1;
    last = ladder.rung;
  }
  // Quiet spells of 2, 8, 32 and then 128 checks (64 times is the most), each with a step down and one up again.
  expect(moves).toBe(2 * 3 + 1 + 2 * Math.floor((10_000 - 2 - 8 - 32 - 4) / 129));
});

test("at rest only on the ground, after as long a quiet as a step down would take", () => {
  const ladder = new Ladder(1);
  const rests = "!....!".split("").map((check) => {
    ladder.observe(check === "!", SETTINGS);
    return ladder.isAtRest(SETTINGS);
  });
  expect(rests).toEqual([false, false, false, false, true, false]);
});
