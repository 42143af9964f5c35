/**
 * The comparison page in a real browser, opened from a file: charts drawn, nothing on the console, nothing asked of the
 * network, nothing wider than the window.
 */
import { test } from "vitest";
import { compareSides } from "../../../src/report/compare/compare.ts";
import { compareHtml } from "../../../src/report/compare/forms.ts";
import type { Results } from "../../../src/results/results.ts";
import { describeInBrowser, expectSound, type View, vegaSource } from "../../support/browser.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

interface Shown extends View {
  readonly what: string;
  readonly firsts: readonly Results[];
  readonly charts: number;
}

function pageOf(firsts: readonly Results[]): string {
  const sides = firsts.map((results, at) => ({ source: `out/run-${at}`, runs: [results] }));
  return compareHtml(compareSides(sides), firsts, vegaSource);
}

describeInBrowser("the comparison in a browser", ({ open }) => {
  const example = exampleResults();
  const two = [example, example];
  const three = [example, example, example];
  const many = [manyTenants(300), manyTenants(300)];
  const empty = [emptyResults(), emptyResults()];
  const SHOWN: readonly Shown[] = [
    { what: "two sides", firsts: two, width: 1440, colorScheme: "light", charts: 6 },
    { what: "two sides", firsts: two, width: 1440, colorScheme: "dark", charts: 6 },
    { what: "three", firsts: three, width: 390, colorScheme: "dark", charts: 6 },
    { what: "many tenants", firsts: many, width: 390, colorScheme: "light", charts: 6 },
    { what: "empty runs", firsts: empty, width: 1440, colorScheme: "light", charts: 1 },
  ];

  test.each(SHOWN)("$what at $width px, $colorScheme", async ({ firsts, charts, ...view }) => {
    const opened = await open(pageOf(firsts), view);
    await expectSound(opened, charts);
    await opened.page.close();
  });
});
