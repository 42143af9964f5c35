/**
 * A plan's report in a real browser: sound on every screen, whole on paper, and every number that it shows held against plan.json.
 */
import { expect, test } from "vitest";
import { planReport } from "../../../src/report/plan/forms.ts";
import { reportHtml } from "../../../src/report/report.ts";
import type { PlanResult } from "../../../src/results/plan.ts";
import {
  describeInBrowser,
  expectSound,
  type View,
  vegaSource,
  VIEWS,
} from "../../support/browser.ts";
import { dollarsIn } from "./amounts.ts";
import { examplePlan, impossiblePlan } from "./fixture-plan.ts";
import { conclusionsOf, expectColumns, expectPaper, PAPER, tablesOf } from "./read-page.ts";

const DESK: View = { width: 1440, colorScheme: "light" };
const plan = examplePlan();

describeInBrowser("a plan's report in a browser", ({ open }) => {
  const openPlan = (of: PlanResult, view: View) =>
    open(reportHtml(planReport(of), vegaSource), view);

  test.each(VIEWS)("is drawn at $width px, $colorScheme", async (view) => {
    const opened = await openPlan(plan, view);
    await expectSound(opened, 7);
    // No label beyond its own chart, where it would be cut off.
    const cut = await opened.page.evaluate<string[]>(
      "[...document.querySelectorAll('.chart svg')].flatMap((svg) => { const { left, right } = svg.getBoundingClientRect(); return [...svg.querySelectorAll('text')].filter((one) => { const box = one.getBoundingClientRect(); return box.right > right + 1 || box.left < left - 1; }).map((one) => one.textContent); })",
    );
    expect(cut).toEqual([]);
    // No word of a first column broken within itself: every one stands on one line.
    const broken = await opened.page.evaluate<string[]>(
      "[...document.querySelectorAll('tbody th')].flatMap((cell) => [...cell.childNodes].filter((node) => node.nodeType === 3).flatMap((node) => [...node.data.matchAll(/[^\\s-]+/g)].filter(({ index, 0: word }) => { const range = document.createRange(); range.setStart(node, index); range.setEnd(node, index + word.length); return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1; }).map(({ 0: word }) => word)))",
    );
    expect(broken).toEqual([]);
    await opened.page.close();
  });

  test("says of what is impossible why, and what could be had", async () => {
    const opened = await openPlan(impossiblePlan(), DESK);
    await expectSound(opened, 0);
    const words = await opened.page.locator("body").innerText();
    expect(words).toContain("prefill alone takes 26 ms on h100-sxm");
    expect(words).toContain("Gold TTFT P99 of 27 ms can be met with 14 GPUs");
    await opened.page.close();
  });

  test.each([
    ["a plan", plan, { least: 4, most: 9 }],
    ["an impossible plan", impossiblePlan(), { least: 2, most: 3 }],
  ])("%s prints: a page of conclusions, then whole charts and tables", async (_, of, sheets) => {
    const opened = await openPlan(of, PAPER);
    await expectPaper(opened, sheets);
    await opened.page.close();
  });

  test("shows the numbers of plan.json", async () => {
    const { page } = await openPlan(plan, DESK);
    const said = await conclusionsOf(page);
    const headline = await page.locator(".headline").innerText();
    const answer = plan.answer!;
    expect(headline).toContain(`${answer.gpus} GPUs at $56.00/h keep every promise at 95 %`);
    const saved = plan.own.usdPerHour - answer.usdPerHour;
    expect(dollarsIn(headline)).toEqual([answer.usdPerHour, saved]);
    expect(headline).toContain(`${((100 * saved) / plan.own.usdPerHour).toFixed(0)} %`);
    const costs = dollarsIn(said.get("Cost")!);
    expect(costs.slice(0, 2)).toEqual([plan.costs!.usdPerHour, plan.costs!.usdPerMonth]);
    // The tenants' parts, the last of them those of all others, are the whole.
    expect(costs.slice(4).reduce((sum, usd) => sum + usd, 0)).toBeCloseTo(answer.usdPerHour, 2);
    expect(said.get("What would break it")).toContain("traffic x 1.25 (18 GPUs at $72.00/h would)");
    expect(said.get("When it runs out")).toContain("it lasts 1.6 months");
    expect(said.get("What binds")).toContain(
      "Silver's P99 TTFT at the 14:00 peak: 93.0 ms, 93.0 % of the limit",
    );
    expect(said.get("Promises")).toContain("predicted to be at most 97.0 % of the limit");
    const tables = await tablesOf(page);
    expectColumns(tables, "The platform", answer.pools, {
      Before: ({ replicasBefore }) => replicasBefore,
      Replicas: ({ replicas }) => replicas,
      GPUs: ({ gpus }) => gpus,
      "$/h": ({ usdPerHour }) => usdPerHour,
    });
    const { tenants } = plan.costs!;
    const all = {
      usedUsdPerHour: tenants.reduce((sum, one) => sum + one.usedUsdPerHour, 0),
      usdPerHour: answer.usdPerHour,
    };
    expectColumns(tables, "What each tenant costs", [...tenants, all], {
      "Used $/h": ({ usedUsdPerHour }) => usedUsdPerHour,
      "Cost $/h": ({ usdPerHour }) => usdPerHour,
    });
    expectColumns(tables, "If things turn out otherwise", plan.sensitivity, {
      "Then needed": ({ gpusNeeded }) => gpusNeeded,
      "$/h then": ({ usdPerHourNeeded }) => usdPerHourNeeded,
    });
    await page.close();
  });
});
