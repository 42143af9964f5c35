/** What a report says of a pool that scales: its chart, its range, what it saved; and nothing of one that does not. */
import { expect, test } from "vitest";
import { timeCharts } from "../../../src/report/charts/over-time.ts";
import { LIGHT } from "../../../src/report/charts/palette.ts";
import { reportMarkdown } from "../../../src/report/report.ts";
import { runReport } from "../../../src/report/run/forms.ts";
import type { Results } from "../../../src/results/results.ts";
import { exampleResults } from "./fixture.ts";

const SCALING = {
  min: 4,
  max: 8,
  meanReplicas: 6.25,
  scaleOuts: 3,
  scaleIns: 2,
  savedGpuHours: 3.5,
  savedUsd: 14,
};

function scaled(): Results {
  const results = exampleResults();
  return {
    ...results,
    pools: results.pools.map((pool) =>
      pool.name === "shared" ? { ...pool, scaling: SCALING } : pool,
    ),
    timeline: {
      ...results.timeline,
      pools: results.timeline.pools.map((pool) =>
        pool.name === "shared"
          ? { ...pool, replicasNeeded: pool.running.map((_, slice) => (slice < 9 ? 99 : 5.5)) }
          : pool,
      ),
    },
  };
}

test("the chart sets what was provisioned beside what was needed, cut at twice the most", () => {
  const style = { palette: LIGHT };
  const titles = (results: Results) => timeCharts(results, style).map(({ title }) => title);
  expect(titles(exampleResults()).filter((title) => title.includes("needed"))).toEqual([]);
  const chart = timeCharts(scaled(), style).find(({ title }) => title.includes("needed"))!;
  expect(chart.title).toBe("Replicas of shared: provisioned and needed");
  const text = JSON.stringify(chart.spec);
  expect(text).toContain("at most 8");
  expect(text).toContain("5.5");
  expect(text).not.toContain("99,");
});

test("the words and tables say what it ran and saved", () => {
  const text = reportMarkdown(runReport(scaled()));
  expect(text).toContain(
    "Pool shared ran 6.25 replicas on average, between 4 and 8: it took on 3 replicas and gave back 2. Against 8 all the time, that saved $14.00 (3.50 GPU hours)",
  );
  expect(text).toContain("4 to 8");
  expect(reportMarkdown(runReport(exampleResults()))).not.toContain("replicas on average");
});
