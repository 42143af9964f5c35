/** The file of finished runs: what is kept is found again, what was torn is cut off, and what is not ours is refused with the way out. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { RunLog } from "../../../src/planner/run-log.ts";
import { figuresOf } from "../../../src/results/figures.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";
import { twoTiers } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-runs-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = { tenantryVersion: "1.2.3", scenario: "abc" };
const short = twoTiers({ simulation: "{ duration: 5s, audit: { requests: 0 } }" });
const figures = figuresOf(simulate(scenarioOf(short)).results);
let files = 0;

function fresh(): string {
  return join(folder, `runs-${files++}.jsonl`);
}

function written(path: string, variants: readonly string[]): void {
  const log = new RunLog(path, HEAD);
  for (const variant of variants) log.add(variant, figures);
  log.close();
}

/** The runs that are found when the file is opened. */
function found(path: string, variants: readonly string[]): readonly boolean[] {
  const log = new RunLog(path, HEAD);
  const all = variants.map((variant) => log.find(variant, figures.seed) !== undefined);
  log.close();
  return all;
}

describe("finished runs", () => {
  test("are found again as they were, by variant and seed", () => {
    const path = fresh();
    written(path, ["a"]);
    const log = new RunLog(path, HEAD);
    expect(log.find("a", figures.seed)).toEqual(JSON.parse(JSON.stringify(figures)));
    expect(log.find("a", figures.seed + 1)).toBeUndefined();
    expect(log.find("b", figures.seed)).toBeUndefined();
    log.close();
  });

  test("survive a last line torn at any byte, which is cut off", () => {
    const path = fresh();
    written(path, ["a", "b"]);
    const whole = readFileSync(path);
    const second = whole.indexOf("\n", whole.indexOf("\n") + 1) + 1;
    for (const length of [second + 1, second + 100, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      expect(found(path, ["a", "b"]), `${length} bytes`).toEqual([true, false]);
      expect(readFileSync(path)).toEqual(whole.subarray(0, second));
      written(path, ["b"]);
      expect(readFileSync(path)).toEqual(whole);
    }
  });

  test("begin anew where the first line was torn", () => {
    const path = fresh();
    writeFileSync(path, '{"runs":1,"tenan');
    expect(found(path, ["a"])).toEqual([false]);
    written(path, ["a"]);
    expect(found(path, ["a"])).toEqual([true]);
  });

  test("of another scenario or version are refused", () => {
    const path = fresh();
    written(path, ["a"]);
    expect(() => new RunLog(path, { ...HEAD, scenario: "abd" })).toThrow(
      /holds runs made of a scenario .* that was not what it is now: they cannot be mixed.*--fresh/,
    );
    expect(() => new RunLog(path, { ...HEAD, tenantryVersion: "1.2.4" })).toThrow(
      /holds runs made by tenantry 1\.2\.3, and this is 1\.2\.4/,
    );
  });

  test.each(["not JSON", "{}", '{"variant":"a","run":{"seed":1}}', "\0\0\0\0"])(
    "are refused with their line where %j stands among them",
    (text) => {
      const path = fresh();
      written(path, ["a"]);
      appendFileSync(path, `${text}\n`);
      expect(() => new RunLog(path, HEAD)).toThrow(/line 3 is not a run.*delete that line/);
    },
  );

  test("are refused where the file is something else", () => {
    const path = fresh();
    writeFileSync(path, "notes\nof somebody\n");
    expect(() => new RunLog(path, HEAD)).toThrow("does not begin as a file of runs does");
    expect(readFileSync(path, "utf8")).toBe("notes\nof somebody\n");
  });
});
