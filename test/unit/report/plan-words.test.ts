/** A plan in words and charts, without a browser: when it runs out, what is said once, and how it is made again. */
import { describe, expect, test } from "vitest";
import { LIGHT } from "../../../src/report/charts/palette.ts";
import { planReport } from "../../../src/report/plan/forms.ts";
import { growthChart } from "../../../src/report/plan/future-charts.ts";
import { runwayWords } from "../../../src/report/plan/words.ts";
import { reportMarkdown } from "../../../src/report/report.ts";
import type { PlanPromise, PlanResult, PlanRunway } from "../../../src/results/plan.ts";
import { examplePlan, PROMISES } from "./fixture-plan.ts";

const style = { palette: LIGHT };

function withRunway(runway: Partial<PlanRunway>): PlanResult {
  const plan = examplePlan();
  return { ...plan, runway: { ...plan.runway!, ...runway } };
}

interface Point {
  readonly month: number;
  readonly factor: number;
  readonly label?: string;
}

/** The values of every layer of the chart, the curve's first. */
function layersOf(plan: PlanResult): readonly (readonly Point[])[] {
  const spec = JSON.stringify(growthChart(plan, style)?.spec ?? expect.fail("a chart"));
  const { layer }: { layer: { data: { values: Point[] } }[] } = JSON.parse(spec);
  return layer.map(({ data }) => data.values);
}

describe("when it runs out", () => {
  // ln 1.21875 / ln 1.08 = 0.19783 / 0.07696 = 2.57; ln 1.25 / ln 1.08 = 0.22314 / 0.07696 = 2.90.
  const plan = withRunway({ heldAt: 1.21875, breaksAt: 1.25, monthlyGrowth: 0.08, months: 2 });

  test("both ends lie on the line of growing traffic, at their own months", () => {
    const [curve = [], ends = []] = layersOf(plan);
    expect(ends.map(({ month }) => month)).toEqual([2.57, 2.899]);
    expect(ends.map(({ factor }) => factor)).toEqual([1.219, 1.25]);
    for (const { month, factor } of [...curve, ...ends]) {
      expect(factor).toBeCloseTo(1.08 ** month, 2);
    }
    expect(ends.map(({ label }) => label)).toEqual([
      "holds up to 1.22×\n2.6 months",
      "breaks by 1.25×\n2.9 months",
    ]);
  });

  test("the words say the same", () => {
    expect(runwayWords(plan.runway!, PROMISES)).toBe(
      "It holds traffic x 1.22 and breaks at x 1.25, silver's P99 TTFT first: at 8 % a month it lasts 2.6 months, and has broken by 2.9 months.",
    );
    const unbroken = withRunway({ heldAt: 2, breaksAt: null, monthlyGrowth: 0.08, months: 9 });
    expect(runwayWords(unbroken.runway!, PROMISES)).toContain("it lasts at least 9 months");
    expect(growthChart(unbroken, style)).toBeUndefined();
  });
});

describe("a plan", () => {
  test("is made again with each option once", () => {
    const plan = examplePlan();
    const overrides = ["simulation.duration=10min", "plan.growth=8%", "plan.confidence=95%"];
    const text = reportMarkdown(planReport({ ...plan, scenario: { ...plan.scenario, overrides } }));
    expect(text).toContain(
      "tenantry plan SCENARIO.yaml --confidence 95% --growth 6% --set simulation.duration=10min --out again",
    );
  });

  test("tells a promise once that is a target and the objective at once", () => {
    const target: PlanPromise = {
      tier: "bronze",
      kind: "target",
      metric: "ttft",
      share: 0.99,
      limitMs: 500,
    };
    const objective: PlanPromise = { ...target, kind: "objective", metric: null, limitMs: null };
    const plan = examplePlan();
    const own = (at: number) => ({ ...plan.confirmation!.promises[at]!, pressure: 0.4 });
    const both = [
      { ...own(0), promise: target },
      { ...own(1), promise: objective },
    ];
    const text = reportMarkdown(
      planReport({
        ...plan,
        ask: { ...plan.ask, promises: [target, objective] },
        confirmation: { ...plan.confirmation!, promises: both },
      }),
    );
    expect(text).toContain("that keeps 1 promise to 1 tier");
    expect(text.match(/^\| bronze's P99 TTFT of 500 ms \|/gmu)).toHaveLength(1);
  });

  test("tells both where the objective asks for more than the target, or is about several", () => {
    const text = reportMarkdown(planReport(examplePlan()));
    expect(text).toContain("| gold's P99 TTFT of 50 ms |");
    expect(text).toContain("| gold's P99.99 TTFT of 50 ms |");
  });
});
