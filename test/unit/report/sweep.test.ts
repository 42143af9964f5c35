/** A sweep as a value and in words: means and intervals by hand, verdicts as bad as the worst, and forms that hold every variant. */
import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { reportMarkdown } from "../../../src/report/report.ts";
import { sweepReport } from "../../../src/report/sweep/forms.ts";
import { tableWidth } from "../../../src/report/summary.ts";
import type { Sweep } from "../../../src/report/sweep/sweep.ts";
import { sweepTable } from "../../../src/report/sweep/tables.ts";
import { trafficLevels } from "../../../src/report/sweep/traffic.ts";
import { cheapestWords, sweepHeadline, sweepNotes } from "../../../src/report/sweep/words.ts";
import { gridOf, runOf, sampleOf, sweepFrom } from "./sweep-fixture.ts";

/** The first dimension of a sweep over these values. */
function named(...values: string[]) {
  const swept = values.map((value) => ({ point: [value], runs: [runOf(80, 1)] }));
  return sweepFrom(["a"], swept).dimensions[0];
}

/** A sweep over variants with these tails and costs. */
function of(tails: readonly number[], usd: readonly number[]): Sweep {
  const swept = tails.map((tail, at) => ({ point: [String(at)], runs: [runOf(tail, usd[at]!)] }));
  return sweepFrom(["a"], swept);
}

describe("figures", () => {
  test("are means over replications with Student's interval, and verdicts those of the worst run", () => {
    const runs = [runOf(80, 64, 1), runOf(90, 64, 2), runOf(130, 64, 3)];
    const { variants, confidence } = sweepFrom(["shared.gpus"], [{ point: ["16"], runs }]);
    expect(confidence).toBe(0.95);
    const [{ verdict, tiers, platform } = expect.fail("a variant")] = variants;
    expect([verdict, tiers[0]!.verdict]).toEqual(["missed", "missed"]);
    const { mean, interval } = tiers[0]!.figures["ttft-p99"]!;
    expect(mean).toBe(100);
    // Deviations -20, -10, 30: variance 1400 / 2 = 700, t(2) = 4.3027, so 4.3027 * sqrt(700 / 3) = 65.72.
    expect(interval!.high - 100).toBeCloseTo(65.72, 2);
    expect(100 - interval!.low).toBeCloseTo(65.72, 2);
    expect(platform["usd-per-hour"]).toEqual({ mean: 64, interval: { low: 64, high: 64 } });
    expect(tiers[0]!.pressure).toBeCloseTo((0.8 + 0.9 + 1.3) / 3, 12);
  });

  test("are null where one run does not know, and have no interval with one run", () => {
    const [two] = sweepFrom(
      ["a"],
      [{ point: ["1"], runs: [runOf(80, 1, 1), runOf(null, 1, 2)] }],
    ).variants;
    expect(two!.tiers[0]!.figures["ttft-p99"]).toEqual({ mean: null, interval: null });
    expect(two!.verdict).toBe("not-enough-data");
    const one = sweepFrom(["a"], [{ point: ["1"], runs: [runOf(80, 1)] }]);
    expect(one.confidence).toBeNull();
    expect(one.variants[0]!.tiers[0]!.figures["ttft-p99"]).toEqual({ mean: 80, interval: null });
  });

  test("dimensions are numbers where all values are of one unit", () => {
    expect(named("8", "12")).toMatchObject({ numbers: [8, 12], unit: "" });
    expect(named("50ms", "7.5ms")).toMatchObject({ numbers: [50, 7.5], unit: "ms" });
    expect(named("$2/h", "$3/h")).toMatchObject({ numbers: [2, 3], unit: "$/h" });
    expect(named("50ms", "1s")).toMatchObject({ numbers: null });
    expect(named("fcfs", "vtc")).toMatchObject({ numbers: null, values: ["fcfs", "vtc"] });
    expect(named("1", "never")).toMatchObject({ numbers: null });
  });
});

describe("words", () => {
  test("name the cheapest that keeps every promise", () => {
    expect(sweepHeadline(of([200, 90, 80], [1, 3, 2]))).toBe(
      "2 of 3 variants keep every promise; the cheapest is a = 2 at $2.00 per hour.",
    );
    expect(sweepHeadline(of([90, 80, 85], [2, 2, 3]))).toContain(
      "a = 0 at $2.00 per hour (1 more cost the same)",
    );
    expect(sweepHeadline(of([90, 80], [2, 2]))).toBe(
      "All 2 variants keep every promise, and cost the same ($2.00 per hour).",
    );
  });

  test("name the nearest where none does", () => {
    expect(sweepHeadline(of([200, 300], [1, 2]))).toBe(
      "None of 2 variants keeps every promise. Nearest: a = 0 (missed: gold, silver, bronze).",
    );
  });

  test("say that one seed is not enough, and what ± means", () => {
    expect(sweepNotes(gridOf([2]))[0]).toContain("add --replications");
    expect(sweepNotes(gridOf([2], 3))[0]).toContain("Student's t");
    expect(sweepNotes(sampleOf(5)).join(" ")).toContain("Latin hypercube");
  });

  test("say that equal variants were left out only where there were any", () => {
    expect(sweepNotes(sampleOf(6)).join(" ")).not.toContain("told once");
    const asked = { vary: [], sample: 8, overrides: [] };
    const drawn = sampleOf(6);
    expect(sweepNotes({ ...drawn, asked }).join(" ")).toContain("told once: of 8, 6 are left.");
  });
});

describe("where what is sent varies", () => {
  const points = [
    ["1", "20/s", 200],
    ["2", "20/s", 80],
    ["3", "20/s", 70],
    ["1", "30/s", 300],
    ["2", "30/s", 200],
    ["3", "30/s", 90],
    ["3", "40/s", 150],
  ] as const;
  const swept = points.map(([replicas, rate, tail]) => ({
    point: [replicas, rate],
    runs: [runOf(tail, 4 * Number(replicas))],
  }));
  const names = ["shared.replicas", "shop.rate"];
  const sweep = sweepFrom(names, swept, false, { trafficDimensions: ["shop.rate"] });

  test("nothing is the cheapest but for each traffic", () => {
    expect(sweepHeadline(sweep)).toBe(
      "3 of 7 variants keep every promise; what is sent differs with shop.rate, so there is no one cheapest.",
    );
    expect(cheapestWords(sweep, trafficLevels(sweep))).toBe(
      "The cheapest for shop.rate = 20/s, shared.replicas = 2 at $8.00 per hour; for shop.rate = 30/s, shared.replicas = 3 at $12.00 per hour; for shop.rate = 40/s, none.",
    );
    const text = reportMarkdown(sweepReport(sweep));
    expect(text).not.toContain("The cheapest of them:");
    expect(text).toContain("| shop.rate = 20/s | 3 | 2 | shared.replicas = 2 | $8.00 |");
    expect(text).toContain("| shop.rate = 40/s | 1 | 0 | none | — |");
  });

  test("arrivals are said to be the same only where they are", () => {
    const words = sweepNotes(sweep).join(" ");
    expect(words).not.toContain("every variant sees the same arrivals");
    expect(words).toContain("while shop.rate changes them");
    expect(sweepNotes(gridOf([2])).join(" ")).toContain("every variant sees the same arrivals");
  });

  test("a sample with a rate of its own for each variant has no cheapest at all", () => {
    const rates = { trafficDimensions: ["acme.rate"] };
    const { dimensions, variants, ...setting } = sampleOf(9);
    const drawn = { ...setting, dimensions, variants, ...rates };
    expect(cheapestWords(drawn, trafficLevels(drawn))).toContain("traffic of its own");
  });
});

describe("forms", () => {
  test("the CSV has a row per variant with every figure and its interval", () => {
    const sweep = gridOf([3, 2], 3);
    const rows: Record<string, string>[] = parse(sweepReport(sweep).csv(), { columns: true });
    expect(rows).toHaveLength(6);
    const row = rows[3]!;
    expect([row["shared.gpus"], row["gold.weight"]]).toEqual(["12", "20%"]);
    const estimate = sweep.variants[3]!.tiers[1]!.figures["ttft-p99"]!;
    expect(Number(row["silver_ttft_p99_ms"])).toBe(estimate.mean);
    expect(Number(row["silver_ttft_p99_ms_low"])).toBe(estimate.interval!.low);
    expect(Number(row["usd_per_hour"])).toBe(48);
    expect(row["promises"]).toBe("missed");
    expect(Object.keys(rows[0]!)).not.toContain("");
  });

  test("the terminal's table fits, and shows the cheapest keepers of many", () => {
    for (const sweep of [gridOf([2]), gridOf([4, 3, 2], 3), sampleOf(200)]) {
      const { head, rows } = sweepTable(sweep);
      expect(tableWidth([head, ...rows])).toBeLessThanOrEqual(78);
      expect(rows.length).toBeLessThanOrEqual(40);
    }
    const many = sweepTable(sampleOf(200));
    expect(many.title).toBe("The cheapest that keep every promise, 40 of 200 variants");
  });

  test("the Markdown has every variant and the notes", () => {
    const text = reportMarkdown(sweepReport(gridOf([3, 2])));
    expect(text.match(/^\| \d+ \| \d0% \|/gm)).toHaveLength(6);
    expect(text).toContain("One run each, with the same seed");
    expect(text).not.toMatch(/NaN|undefined/);
  });
});
