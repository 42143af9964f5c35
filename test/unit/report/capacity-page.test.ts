/**
 * A run's report in a real browser: whole on paper, and every number that it shows held against results.json. That it is sound
 * on every screen is page.test.ts's.
 */
import { describe, expect, test } from "vitest";
import type { Judged } from "../../../src/results/measures.ts";
import { type Report, reportHtml } from "../../../src/report/report.ts";
import { runReport } from "../../../src/report/run/forms.ts";
import { describeInBrowser, type View, vegaSource } from "../../support/browser.ts";
import { amountOf, dollarsIn, shows } from "./amounts.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";
import { conclusionsOf, expectColumns, expectPaper, PAPER, tablesOf } from "./read-page.ts";

const DESK: View = { width: 1440, colorScheme: "light" };
const run = exampleResults();

describeInBrowser("a run's report in a browser", ({ open }) => {
  const openReport = (report: Report, view: View) => open(reportHtml(report, vegaSource), view);

  test.each<readonly [string, Report, { readonly least: number; readonly most: number }]>([
    ["a run", runReport(run), { least: 5, most: 14 }],
    ["an empty run", runReport(emptyResults()), { least: 3, most: 8 }],
    ["300 tenants", runReport(manyTenants(300)), { least: 14, most: 40 }],
  ])(
    "%s prints: a page of conclusions, then whole charts and tables",
    async (_, report, sheets) => {
      const opened = await openReport(report, PAPER);
      await expectPaper(opened, sheets);
      await opened.page.close();
    },
  );

  test("charts are drawn anew for paper, and again for the screen", async () => {
    const { page } = await openReport(runReport(run), DESK);
    const width = "document.querySelector('.chart svg').viewBox.baseVal.width";
    const before = await page.evaluate<number>(width);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.evaluate<number>(width)).toBe(678);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await page.evaluate<number>(width)).toBe(before);
    await page.close();
  });

  test("the tables of a run show the numbers of results.json", async () => {
    const { page } = await openReport(runReport(run), DESK);
    const tables = await tablesOf(page);
    const judged: readonly (readonly [string, readonly Judged[]])[] = [
      ["per tier", run.tiers],
      ["per tenant", run.tenants],
    ];
    for (const [title, subjects] of judged) {
      expectColumns(tables, `Latency ${title}`, subjects, {
        "TTFT P50": ({ latency }) => latency.ttftMs.p50,
        "TTFT P99": ({ latency }) => latency.ttftMs.p99,
        "TPOT P50": ({ latency }) => latency.tpotMs.p50,
        "TPOT P99": ({ latency }) => latency.tpotMs.p99,
        "E2E P50": ({ latency }) => latency.e2eMs.p50,
        "E2E P99": ({ latency }) => latency.e2eMs.p99,
        "Queue P50": ({ latency }) => latency.queueMs.p50,
        "Queue P99": ({ latency }) => latency.queueMs.p99,
      });
      expectColumns(tables, `Requests and compliance ${title}`, subjects, {
        Arrived: ({ counts }) => counts.arrived,
        Completed: ({ counts }) => counts.completed,
        Rejected: ({ counts }) => counts.rejected,
        Compliance: ({ sla }) => sla.compliance,
        "With rejections": ({ sla }) => sla.complianceWithRejections,
        Objective: ({ sla }) => sla.objective,
        Goodput: ({ sla }) => sla.goodputPerS,
      });
    }
    expectColumns(tables, "Cost per tenant", run.tenants, {
      GPU: ({ cost }) => cost.gpuUsd,
      "Input tokens": ({ cost }) => cost.inputTokensUsd,
      "Output tokens": ({ cost }) => cost.outputTokensUsd,
      Total: ({ cost }) => cost.totalUsd,
    });
    expectColumns(tables, "Cost and adapters per pool", run.pools, {
      "GPU hours": ({ gpuHours }) => gpuHours,
      "GPU cost": ({ gpuUsd }) => gpuUsd,
      Idle: ({ idleUsd }) => idleUsd,
    });
    await page.close();
  });

  test("the conclusions of a run follow from results.json", async () => {
    const { page } = await openReport(runReport(run), DESK);
    const said = await conclusionsOf(page);
    const headline = await page.locator(".headline").innerText();
    const met = run.tiers.filter(({ sla }) => sla.verdict === "met").length;
    expect(headline).toContain(`${met} of ${run.tiers.length} tiers met`);
    expect(headline).toContain(`It ran on ${run.platform.gpus} GPUs`);
    // Per hour by hand: each pool's GPUs at its own price.
    const perHour = run.pools.reduce(
      (sum, pool) => sum + (pool.replicas * pool.gpusPerReplica * pool.gpuUsd) / pool.gpuHours,
      0,
    );
    const [hour, month, perMillion, perRequest, ...tenants] = dollarsIn(said.get("Cost")!);
    expect(hour).toBeCloseTo(perHour, 2);
    expect(month).toBeCloseTo(perHour * 730, -1);
    expect(perMillion).toBeCloseTo(run.platform.usdPerMillionTokens!, 2);
    expect(perRequest).toBeCloseTo(run.platform.gpuUsd! / run.platform.counts.completed, 4);
    // The tenants' parts and the rest that is nobody's are the whole.
    expect(tenants.reduce((sum, usd) => sum + usd, 0)).toBeCloseTo(perHour, 1);
    const { peakShare } = run.platform.saturation!;
    expect(said.get("What binds")).toContain(`${(peakShare * 100).toFixed(1)} % of the tokens`);
    const pressure = run.replicas.reduce((sum, one) => sum + one.kvPressureEvents, 0);
    const told = [...said.get("What binds")!.matchAll(/memory ([\d,]+) times/g)];
    expect(told.reduce((sum, [, count = ""]) => sum + Number(count), 0)).toBe(pressure);
    const worst = run.tiers.flatMap(({ sla }) => [
      ...sla.targets.map(({ measuredMs, limitMs }) => measuredMs! / limitMs),
      sla.errorBudgetBurn ?? 0,
    ]);
    const times = /([\d.]+)×/.exec(said.get("Promises")!)?.[1];
    expect(Number(times)).toBeCloseTo(Math.max(...worst), 1);
    await page.close();
  });
});

describe("reading amounts back", () => {
  test.each([
    ["45.1 ms", 45.1],
    ["1.96 min", 117_600],
    ["99.9938 %", 0.999938],
    ["$1,234.50", 1234.5],
    ["12,345", 12_345],
    ["89.9/s", 89.9],
    ["1.32×", 1.32],
    ["—", null],
  ])("%s", (text, value) => {
    if (value === null) expect(amountOf(text)).toBeNull();
    else expect(amountOf(text)).toBeCloseTo(value, 6);
    expect(shows(text, value)).toBe(true);
    expect(shows(text, (value ?? 0) * 1.02 + 1)).toBe(false);
  });
});
