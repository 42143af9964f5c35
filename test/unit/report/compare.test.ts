/** Comparisons: differences and intervals worked by hand, what is not known, what is said about it, and 80 columns. */
import { describe, expect, test } from "vitest";
import { compareSides } from "../../../src/report/compare/compare.ts";
import {
  COMPARE_WIDTH,
  comparisonReport,
  compareTables,
  nothingDiffers,
} from "../../../src/report/compare/forms.ts";
import { drawNormal, randomStream } from "../../../src/base/random.ts";
import { holm, meanInterval, pairedP, tQuantile } from "../../../src/report/compare/paired.ts";
import { differenceText, relativeText } from "../../../src/report/compare/words.ts";
import { reportMarkdown } from "../../../src/report/report.ts";
import { tableWidth } from "../../../src/report/summary.ts";
import type { LoadBlock, Results } from "../../../src/results/results.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

const LAG = { count: 9, mean: 0.1, p50: 0.1, p90: 0.2, p99: 0.4, p999: 1, max: 2 };
const LOAD: LoadBlock = {
  url: "http://127.0.0.1:8080",
  endpoint: "chat",
  lengths: "hint",
  sendLagMs: LAG,
  loopLagMsP99: 1.2,
  keptUp: true,
  isComplete: true,
  mostInFlight: 31,
  uncountedAnswers: 0,
  otherLengths: 0,
  errors: [],
};

/** The same run as a client would have measured it. */
function measured(results: Results, load: Partial<LoadBlock> = {}): Results {
  const { platform, tenants } = results;
  return {
    ...results,
    platform: { ...platform, utilization: null, gpuUsd: null, gpuHours: null, gpus: null },
    tenants: tenants.map((tenant) => ({ ...tenant, cost: { ...tenant.cost, gpuUsd: null } })),
    load: { ...LOAD, ...load },
  };
}

/** The run with gold's TTFT P99 at so many milliseconds, under another seed. */
function withGold(p99: number | null, seed = 42): Results {
  const results = exampleResults();
  return {
    ...results,
    scenario: { ...results.scenario, seed },
    tiers: results.tiers.map((tier) => {
      if (tier.name !== "gold") return tier;
      const { latency } = tier;
      return { ...tier, latency: { ...latency, ttftMs: { ...latency.ttftMs, p99 } } };
    }),
  };
}

function sidesOf(...runs: readonly (readonly Results[])[]) {
  return runs.map((all, index) => ({ source: `side-${index}`, runs: all }));
}

function goldRow(comparison: ReturnType<typeof compareSides>, id: string) {
  return comparison.tiers.find(({ name }) => name === "gold")!.rows.find((row) => row.id === id)!;
}

describe("differences", () => {
  test("are of the second side from the first, absolutely and relatively", () => {
    const comparison = compareSides(sidesOf([withGold(40)], [withGold(50)], [withGold(30)]));
    const { values, differences } = goldRow(comparison, "ttft-p99");
    expect(values).toEqual([40, 50, 30]);
    expect(differences).toEqual([
      { absolute: 10, relative: 0.25, interval: null, p: null },
      { absolute: -10, relative: -0.25, interval: null, p: null },
    ]);
    expect(comparison.confidence).toBeNull();
  });

  test("from nothing, or to what is not known, are not made up", () => {
    const empty = emptyResults();
    const comparison = compareSides(sidesOf([empty], [exampleResults()]));
    expect(goldRow(comparison, "arrived").differences[0]).toMatchObject({ relative: null });
    expect(goldRow(comparison, "ttft-p99").differences[0]).toEqual({
      absolute: null,
      relative: null,
      interval: null,
      p: null,
    });
  });

  test("have Student's interval over paired replications", () => {
    const a = [withGold(40, 1), withGold(42, 2), withGold(41, 3)];
    const b = [withGold(41, 1), withGold(45, 2), withGold(43, 3)];
    const comparison = compareSides(sidesOf(a, b));
    // Differences 1, 3, 2: mean 2, standard deviation 1, t(2) = 4.3027: 2 ± 4.3027 / sqrt(3) = 2 ± 2.4842.
    const [difference] = goldRow(comparison, "ttft-p99").differences;
    expect(difference!.absolute).toBeCloseTo(2, 9);
    expect(difference!.relative).toBeCloseTo(2 / 41, 9);
    expect(difference!.interval!.low).toBeCloseTo(-0.4842, 3);
    expect(difference!.interval!.high).toBeCloseTo(4.4842, 3);
    expect(comparison.confidence).toBe(0.95);
    expect(comparison.sides[0]!.seeds).toEqual([1, 2, 3]);
    // t = 2 / (1 / sqrt(3)) = 3.4641 with 2 degrees of freedom, where P(|T| > t) = 1 - t / sqrt(2 + t^2) = 0.07418.
    expect(difference!.p).toBeCloseTo(0.07418, 5);
  });

  test("of runs with other seeds are not paired, and have no interval", () => {
    const comparison = compareSides(
      sidesOf([withGold(40, 1), withGold(42, 2)], [withGold(41, 2), withGold(45, 3)]),
    );
    expect(comparison.confidence).toBeNull();
    expect(comparison.significance).toBeNull();
    expect(goldRow(comparison, "ttft-p99").differences[0]!.interval).toBeNull();
    expect(comparison.notes[0]).toContain("do not have the same seeds");
  });

  test("of a mean over runs that do not all know the figure are not known", () => {
    const comparison = compareSides(
      sidesOf([withGold(40), withGold(null)], [withGold(41), withGold(42)]),
    );
    expect(goldRow(comparison, "ttft-p99")).toMatchObject({
      values: [null, 41.5],
      differences: [{ absolute: null, relative: null, interval: null, p: null }],
    });
  });
});

describe("intervals", () => {
  // NIST/SEMATECH e-Handbook, table of upper critical values of Student's t at 0.975.
  test.each([
    [1, 12.706],
    [10, 2.228],
    [30, 2.042],
    [31, 2.0395],
    [40, 2.021],
    [60, 2.0],
    [100, 1.984],
    [100_000, 1.96],
  ])("t with %i degrees of freedom is %f", (degrees, t) => {
    expect(tQuantile(degrees)).toBeCloseTo(t, 3);
  });

  test("need two differences, and shrink to nothing without variance", () => {
    expect(meanInterval([])).toBeUndefined();
    expect(meanInterval([3])).toBeUndefined();
    expect(meanInterval([3, 3, 3])).toEqual({ low: 3, high: 3 });
  });
});

describe("what is called significant", () => {
  test("is so by Holm's rule, worked by hand", () => {
    // Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04, the last raised to the one before.
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });

  test("p is 1 without any difference, and rests on signs where all differences are the same", () => {
    expect(pairedP([0, 0, 0])).toBe(1);
    expect(pairedP([2, 2, 2, 2, 2])).toBe(1 / 16);
    expect(pairedP([3])).toBeUndefined();
    // Symmetric about zero: t = 0.
    expect(pairedP([-1, 1])).toBe(1);
    // One degree of freedom is Cauchy's: t = 3 / (1 / sqrt(2)) / sqrt(2) = 3, P = 1 - 2 atan(3) / pi.
    expect(pairedP([2, 4])).toBeCloseTo(1 - (2 * Math.atan(3)) / Math.PI, 9);
  });

  test("comes first, and chance alone is called nothing of the kind", () => {
    const seeds = [1, 2, 3, 4, 5, 6];
    const noise = [0.1, -0.2, 0.05, 0.15, -0.1, 0];
    const a = seeds.map((seed, at) => withGold(40 + noise[at]!, seed));
    const clear = seeds.map((seed, at) => withGold(80 + 2 * noise[at]!, seed));
    const same = seeds.map((seed, at) => withGold(40 - noise[at]!, seed));
    const { significance, ...comparison } = compareSides(sidesOf(a, clear, same));
    expect(significance!.significant).toBe(1);
    expect(significance!.findings[0]).toMatchObject({
      tier: "gold",
      measure: "ttft-p99",
      against: 0,
      isSignificant: true,
    });
    const known = [...comparison.tiers.flatMap(({ rows }) => rows), ...comparison.platform];
    const tested = known.flatMap(({ differences }) => differences).filter(({ p }) => p !== null);
    expect(significance!.tested).toBe(tested.length);
    const text = reportMarkdown(
      comparisonReport({ ...comparison, significance }, [a[0]!, clear[0]!, same[0]!]),
    );
    expect(text).toMatch(
      /\*\*B against A: gold TTFT P99 \+100 %\. C against A: no difference is more than chance\.\*\*/,
    );
    expect(text).toContain("1 of ");
    expect(text).toMatch(/\| Gold: TTFT P99 \| B − A \| 40\.0 ms \| 80\.0 ms \|/);
  });

  test("is told in words where it is nothing, and not as a table of nothing", () => {
    const seeds = [1, 2, 3, 4];
    const same = seeds.map((seed) => withGold(40, seed));
    const none = compareSides(sidesOf(same, same));
    expect(compareTables(none).map(({ title }) => title)).not.toContain(
      expect.stringContaining("What differs"),
    );
    expect(nothingDiffers(none)).toMatch(
      /^None of \d+ differences of tiers and platform is significant/u,
    );
    const clear = seeds.map((seed) => withGold(80 + seed, seed));
    const some = compareSides(sidesOf(same, clear));
    expect(compareTables(some)[0]!.title).toContain("What differs: 1 of");
    expect(nothingDiffers(some)).toBe("");
    // One run each: nothing was tested, and the notes say so.
    expect(nothingDiffers(compareSides(sidesOf([withGold(40)], [withGold(50)])))).toBe("");
  });

  test("seldom is where nothing differs: at most the stated share of comparisons of equal platforms", () => {
    const random = randomStream(7, "noise");
    const trials = 200;
    let called = 0;
    for (let trial = 0; trial < trials; trial++) {
      // A family of 60 true nulls with 5 replications each.
      const family = Array.from(
        { length: 60 },
        () => pairedP(Array.from({ length: 5 }, () => drawNormal(random)))!,
      );
      if (holm(family).some((p) => p <= 0.05)) called += 1;
    }
    // Binomial(200, 0.05): more than 20 have a chance of 0.0005; without Holm nearly all would be.
    expect(called).toBeLessThanOrEqual(20);
    expect(called).toBeGreaterThan(0);
  });
});

describe("a live run beside its simulation", () => {
  const comparison = compareSides(sidesOf([exampleResults()], [measured(exampleResults())]));

  test("is compared in tokens, and GPU figures stand on one side only", () => {
    const ids = comparison.platform.map(({ id }) => id);
    expect(ids).toContain("busy");
    const busy = comparison.platform.find(({ id }) => id === "busy");
    expect(busy!.values[1]).toBeNull();
    const { rows } = comparison.bills[0]!;
    expect(rows.find(({ id }) => id === "tokens")!.differences[0]).toMatchObject({ absolute: 0 });
    expect(rows.find(({ id }) => id === "total")!.differences[0]).toMatchObject({ absolute: null });
  });

  test("says who measured, and when the generator did not keep up", () => {
    expect(comparison.notes.join(" ")).toContain(
      "B was measured from outside, at http://127.0.0.1:8080",
    );
    const late = measured(exampleResults(), { keptUp: false, isComplete: false });
    const notes = compareSides(sidesOf([exampleResults()], [late])).notes.join(" ");
    expect(notes).toContain("B's load generator did not keep up");
    expect(notes).toContain("B was stopped by hand");
  });

  test("between two of them, leaves out what neither knows", () => {
    const both = compareSides(sidesOf([measured(exampleResults())], [measured(exampleResults())]));
    const ids = both.platform.map(({ id }) => id);
    expect(ids).not.toContain("busy");
    expect(ids).not.toContain("gpu-cost");
    expect(both.bills[0]!.rows.map(({ id }) => id)).toEqual(["tokens"]);
  });
});

describe("notes", () => {
  test("say whether like is compared with like", () => {
    const one = exampleResults();
    const other = {
      ...one,
      scenario: { ...one.scenario, hash: "other", seed: 7 },
      run: { ...one.run, warmupSeconds: 1 },
    };
    expect(compareSides(sidesOf([one], [one])).notes).toEqual([
      "One run each: no interval. How much of a difference is chance, these figures alone do not say; scenarios can be compared with --replications.",
    ]);
    const notes = compareSides(sidesOf([one], [other])).notes.join(" ");
    expect(notes).toMatch(/scenarios are not the same.*seeds are not the same.*warm-ups/);
  });
});

describe("on a terminal", () => {
  test.each([
    ["two sides", 2, 1, exampleResults()],
    ["two sides with intervals", 2, 3, exampleResults()],
    ["three sides", 3, 1, exampleResults()],
    ["many tenants", 2, 2, manyTenants(40)],
  ])("%s fit 80 columns", (_, sides, runs, results) => {
    const far = { ...results, tiers: withGold(4_000_000).tiers };
    const all = Array.from({ length: sides }, (_side, at) =>
      Array.from({ length: runs }, (_run, seed) => (at === 1 && seed === 0 ? far : results)),
    );
    for (const { head, rows } of compareTables(compareSides(sidesOf(...all)))) {
      expect(tableWidth([head, ...rows])).toBeLessThanOrEqual(COMPARE_WIDTH);
      expect(rows.every((row) => row.length === head.length)).toBe(true);
      expect(rows.flat().join(" ")).not.toMatch(/NaN|undefined|null|[\p{Cc}]/u);
    }
  });

  test.each([
    [0.00032, "ms", /^\+<0\.001 ms$/],
    [-0.012, "share", /^−1\.20 pp$/],
    [12, "count", /^\+12$/],
    [-3.5, "usd", /^−\$3\.50$/],
    [null, "usd", /^—$/],
  ] as const)("a difference of %o %s", (value, unit, text) => {
    expect(differenceText(value, unit)).toMatch(text);
  });

  test("relative differences carry their sign", () => {
    expect([0.031, -0.0004, 0, null, 8.99, 9].map(relativeText)).toEqual([
      "+3.10 %",
      "−0.0400 %",
      "0 %",
      "—",
      "+899 %",
      "10.0×",
    ]);
  });
});

test("the Markdown has every table and breaks on no name", () => {
  const results = exampleResults();
  const comparison = compareSides(sidesOf([results], [results]));
  const text = reportMarkdown(comparisonReport(comparison, [results, results]));
  for (const title of [
    "### Gold",
    "### Silver",
    "### Bronze",
    "### Platform",
    "### Bills per tenant",
  ]) {
    expect(text).toContain(title);
  }
  expect(text).not.toContain("<script");
  const rows = text.split("\n").filter((line) => line.startsWith("|"));
  for (const row of rows) expect(row.replaceAll(String.raw`\|`, "").split("|")).toHaveLength(7);
});
