/** The first page of tunings, sweeps and comparisons: what they say, and that it agrees with the figures; then the page in a browser. */
import { describe, expect, test } from "vitest";
import { compareSides } from "../../../src/report/compare/compare.ts";
import { comparisonReport } from "../../../src/report/compare/forms.ts";
import {
  type Report,
  reportConclusions,
  reportHtml,
  reportMarkdown,
} from "../../../src/report/report.ts";
import { runReport } from "../../../src/report/run/forms.ts";
import { sweepReport } from "../../../src/report/sweep/forms.ts";
import { tuneReport } from "../../../src/report/tune/forms.ts";
import { describeInBrowser, expectSound, vegaSource, VIEWS } from "../../support/browser.ts";
import { exampleTune, vainTune } from "./fixture-tune.ts";
import { exampleResults } from "./fixture.ts";
import { gridOf, runOf, sweepFrom } from "./sweep-fixture.ts";

function said(report: Report): ReadonlyMap<string, string> {
  const { conclusions } = reportConclusions(report);
  return new Map(conclusions.map(({ topic, sentences }) => [topic, sentences.join(" ")]));
}

describe("a tuning's conclusions", () => {
  test("say what to change, and what that does", () => {
    const report = tuneReport(exampleTune());
    expect(reportConclusions(report).headline).toBe(
      "1 change to the file: no promise broken instead of 3 promises broken, and the worst promise at 82.0 % of the limit instead of 1.08× the limit.",
    );
    const topics = said(report);
    expect(topics.get("The settings")).toBe("Changed: `platform.tiers.gold.weight=60`.");
    expect(topics.get("Promises")).toContain("The tightest is gold's P99 TTFT of 50 ms: 82.0 %");
    expect(topics.get("What to do next")).toContain("Apply the patch");
  });

  test("say that the file's own stand, and where a plan is needed", () => {
    const report = tuneReport(vainTune());
    expect(reportConclusions(report).headline).toContain("The file's own settings stand");
    expect(said(report).get("What to do next")).toContain("Settings alone do not keep");
  });
});

describe("a sweep's conclusions", () => {
  // 1 GPU: 200 ms at $4; 2: 120 at $8; 3: 80 at $12; 4: 50 at $16, against 100 ms.
  const points = [
    ["1", 200],
    ["2", 120],
    ["3", 80],
    ["4", 50],
  ] as const;
  const sweep = sweepFrom(
    ["shared.gpus"],
    points.map(([gpus, tail]) => ({ point: [gpus], runs: [runOf(tail, 4 * Number(gpus))] })),
    false,
    { asked: { vary: ["shared.gpus=1..4:1"], sample: null, overrides: ["policy=vtc"] } },
  );

  test("say what is cheapest, what is just too little, and what moves it", () => {
    const topics = said(sweepReport(sweep));
    expect(topics.get("Promises")).toContain(
      "2 of 4 keep every promise, in every run; gold misses in 2",
    );
    expect(topics.get("Cost")).toBe(
      "The cheapest that keeps every promise is shared.gpus = 3 at $12.00 per hour; the dearest costs $16.00 per hour. The next below it, shared.gpus = 2 at $8.00 per hour, does not (missed: gold, silver, bronze).",
    );
    expect(topics.get("What moves it")).toContain("shared.gpus, from 0.500× at 4 to 2.00× at 1");
    expect(topics.get("What to do next")).toContain("--replications 5");
  });

  test("on average over the others, of a grid", () => {
    // Tails 2000 / (1 + 3 gpus + 4 weight): 2000, 400 and 500, 250, against 100 ms.
    const topics = said(sweepReport(gridOf([2, 2])));
    // Of 8 GPUs (20 + 4) / 2 = 12 times, of 12 (5 + 2.5) / 2 = 3.75.
    expect(topics.get("What moves it")).toContain("shared.gpus, from 3.75× at 12 to 12.0× at 8");
  });
});

describe("a comparison's conclusions", () => {
  const results = exampleResults();
  const comparison = compareSides([
    { source: "out/a", runs: [results] },
    { source: "out/b", runs: [results] },
  ]);

  test("say what is compared, and what one run each cannot say", () => {
    const topics = said(comparisonReport(comparison, []));
    expect(topics.get("What was asked")).toContain("A is out/a (");
    expect(topics.get("Promises")).toContain("Gold kept its targets for");
    expect(topics.get("How sure that is")).toContain("One run each: no interval");
    expect(topics.get("What to do next")).toContain("--replications 10");
  });
});

describeInBrowser("the first pages in a browser", ({ open }) => {
  const results = exampleResults();
  const sides = ["a", "b"].map((source) => ({ source, runs: [results] }));
  const pages = [
    ["a tuning", reportHtml(tuneReport(exampleTune()), vegaSource), 2],
    ["a vain tuning", reportHtml(tuneReport(vainTune()), vegaSource), 0],
    [
      "a comparison without its runs",
      reportHtml(comparisonReport(compareSides(sides), []), vegaSource),
      1,
    ],
  ] as const;
  const shown = pages.flatMap((page) => VIEWS.map((view) => ({ page, ...view })));
  test.each(shown)("$page.0 at $width px, $colorScheme", async ({ page, ...view }) => {
    const [, html, charts] = page;
    const opened = await open(html, view);
    await expectSound(opened, charts);
    expect(await opened.page.locator(".conclusions dt").count()).toBeGreaterThan(3);
    await opened.page.close();
  });
});

describe("a run's conclusions", () => {
  test("do not call GPUs busy and computing to spare without saying how both can be", () => {
    const whole = exampleResults();
    const utilization = { ...whole.platform.utilization!, busy: 0.999 };
    const saturation = { ...whole.platform.saturation!, peakShare: 0.6 };
    const report = runReport({
      ...whole,
      platform: { ...whole.platform, utilization, saturation },
    });
    const binds = said(report).get("What binds")!;
    expect(binds).toContain(
      "there is computing to spare. Steps ran 99.9 % of the time, but were not full.",
    );
    const page = reportMarkdown(report);
    expect(page).toContain("99.9 % of time in steps");
    expect(page).not.toMatch(/busy 99\.9 %|99\.9 % busy/u);
  });

  test("say where chance may have decided, and where it has not", () => {
    // Gold measured within its limit, and the interval reaches beyond it.
    const whole = exampleResults();
    const spread = (tail: number, limitMs: number) =>
      whole.tiers.map((tier) => ({
        ...tier,
        sla: {
          ...tier.sla,
          targets: tier.sla.targets.map((target) => ({ ...target, limitMs })),
        },
        intervals: tier.intervals.map((one) => ({ ...one, lowMs: 0.9 * tail, highMs: 1.1 * tail })),
      }));
    const open = said(runReport({ ...whole, tiers: spread(48, 50) })).get("Promises")!;
    expect(open).toContain("Chance may decide gold's TTFT P99: 43.2 ms to 52.8 ms against 50 ms");
    const closed = said(runReport({ ...whole, tiers: spread(30, 50) })).get("Promises")!;
    expect(closed).toContain("No promised quantile's 95 % interval reaches its limit");
    expect(reportMarkdown(runReport({ ...whole, tiers: spread(48, 50) }))).toContain(
      "| Gold | TTFT P99 | 50 ms |",
    );
  });
});
