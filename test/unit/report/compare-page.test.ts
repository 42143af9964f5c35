/**
 * The comparison page in a real browser, opened from a file: charts drawn, nothing on the console, nothing asked of the
 * network, nothing wider than the window.
 */
import { test } from "vitest";
import { compareSides } from "../../../src/report/compare/compare.ts";
import { comparisonReport } from "../../../src/report/compare/forms.ts";
import { reportHtml } from "../../../src/report/report.ts";
import type { Results } from "../../../src/results/results.ts";
import { describeInBrowser, expectSound, type View, vegaSource } from "../../support/browser.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

interface Shown extends View {
  readonly what: string;
  readonly firsts: readonly Results[];
  /** Runs of each side; one where nothing else is said. */
  readonly replications?: number;
  readonly charts: number;
}

function pageOf(firsts: readonly Results[], replications: number): string {
  const sides = firsts.map((results, at) => ({
    source: `out/run-${at}`,
    runs: Array.from({ length: replications }, (_, seed) => replicated(results, seed, at)),
  }));
  return reportHtml(comparisonReport(compareSides(sides), firsts), vegaSource);
}

/** The same run with every tier's tail twice as long. */
function slower(results: Results): Results {
  return withTails(results, () => 2);
}

/** Another run of it: tails vary a little, and not in the same way on every side. */
function replicated(results: Results, seed: number, side: number): Results {
  if (seed === 0) return results;
  const varied = withTails(results, (at) => 1 + 0.02 * Math.sin(7 * seed + 3 * side + at));
  return { ...varied, scenario: { ...results.scenario, seed: results.scenario.seed + seed } };
}

function withTails(results: Results, times: (tier: number) => number): Results {
  return {
    ...results,
    tiers: results.tiers.map((tier, at) => {
      const { ttftMs } = tier.latency;
      const p99 = ttftMs.p99 === null ? null : ttftMs.p99 * times(at);
      return { ...tier, latency: { ...tier.latency, ttftMs: { ...ttftMs, p99 } } };
    }),
  };
}

describeInBrowser("the comparison in a browser", ({ open }) => {
  const example = exampleResults();
  const two = [example, example];
  const three = [example, example, example];
  const many = [manyTenants(300), manyTenants(300)];
  const paired = { what: "paired", firsts: [example, slower(example)], replications: 5, charts: 7 };
  const empty = [emptyResults(), emptyResults()];
  const SHOWN: readonly Shown[] = [
    { what: "two sides", firsts: two, width: 1440, colorScheme: "light", charts: 7 },
    { what: "two sides", firsts: two, width: 1440, colorScheme: "dark", charts: 7 },
    { what: "three", firsts: three, width: 390, colorScheme: "dark", charts: 7 },
    { what: "many tenants", firsts: many, width: 390, colorScheme: "light", charts: 7 },
    { what: "empty runs", firsts: empty, width: 1440, colorScheme: "light", charts: 2 },
    { ...paired, width: 1440, colorScheme: "light" },
    { ...paired, width: 390, colorScheme: "dark" },
  ];

  test.each(SHOWN)("$what at $width px, $colorScheme", async (shown) => {
    const { firsts, replications = 1, charts, ...view } = shown;
    const opened = await open(pageOf(firsts, replications), view);
    await expectSound(opened, charts);
    await opened.page.close();
  });
});
