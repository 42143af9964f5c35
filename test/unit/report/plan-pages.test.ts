/**
 * The pages of compare-policies, interference and sweep in a real browser, opened from a file: charts drawn, nothing on the console,
 * nothing asked of the network, nothing wider than the window.
 */
import { test } from "vitest";
import { interferenceReport } from "../../../src/report/interference/forms.ts";
import { interferenceOf } from "../../../src/report/interference/matrix.ts";
import { policiesReport } from "../../../src/report/policies/forms.ts";
import { comparePolicies } from "../../../src/report/policies/policies.ts";
import { reportHtml } from "../../../src/report/report.ts";
import { sweepReport } from "../../../src/report/sweep/forms.ts";
import type { Results } from "../../../src/results/results.ts";
import { describeInBrowser, expectSound, type View, vegaSource } from "../../support/browser.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";
import { gridOf, runOf, sampleOf, sweepFrom } from "./sweep-fixture.ts";

function policiesPage(results: Results): string {
  const names = ["fcfs", "strict-priority", "tier-share", "vtc", "slo-fair"];
  const sides = names.map((name, at) => ({
    name,
    runs: [results],
    smallest: { kind: "found", replicas: [8 + at], gpus: 8 + at } as const,
    pools: ["shared"],
  }));
  const partition = {
    name: "static-partition",
    runs: [],
    smallest: { kind: "not-within", mostGpus: 64, tiers: ["gold"] } as const,
    pools: ["shared-silver", "shared-bronze"],
  };
  const setting = {
    seeds: [1],
    sharedGpus: 16,
    otherGpus: 5,
    mostGpus: 64,
    dependentClients: [],
    hasFaults: true,
  };
  return reportHtml(policiesReport(comparePolicies([...sides, partition], setting)), vegaSource);
}

function interferencePage(results: Results): string {
  const absences = results.tenants.map(({ name }) => ({ tenant: name, runs: [results] }));
  const setting = { seeds: [1], dependentClients: ["chat"], owners: ["aurora-bank"] };
  return reportHtml(interferenceReport(interferenceOf([results], absences, setting)), vegaSource);
}

interface Shown extends View {
  readonly what: string;
  readonly html: string;
  readonly charts: number;
}

describeInBrowser("the plans' pages in a browser", ({ open }) => {
  const policies = policiesPage(exampleResults());
  const none = policiesPage(emptyResults());
  const few = interferencePage(exampleResults());
  const many = interferencePage(manyTenants(40));
  const grid = reportHtml(sweepReport(gridOf([9, 3], 3)), vegaSource);
  const wide = reportHtml(sweepReport(gridOf([4, 3, 2])), vegaSource);
  const sample = reportHtml(sweepReport(sampleOf(60)), vegaSource);
  const empty = reportHtml(
    sweepReport(sweepFrom(["a"], [{ point: ["1"], runs: [runOf(null, 4)] }])),
    vegaSource,
  );
  const SHOWN: readonly Shown[] = [
    { what: "policies", html: policies, width: 1280, colorScheme: "light", charts: 3 },
    { what: "policies", html: policies, width: 390, colorScheme: "dark", charts: 3 },
    { what: "empty policies", html: none, width: 1280, colorScheme: "dark", charts: 1 },
    { what: "interference", html: few, width: 1280, colorScheme: "dark", charts: 2 },
    { what: "interference", html: few, width: 390, colorScheme: "light", charts: 2 },
    { what: "interference of many", html: many, width: 1280, colorScheme: "light", charts: 2 },
    { what: "interference of many", html: many, width: 390, colorScheme: "dark", charts: 2 },
    // Maps of promises and three tiers, curves of two responses for each tier, two of cost.
    { what: "a sweep", html: grid, width: 1440, colorScheme: "light", charts: 12 },
    { what: "a sweep", html: grid, width: 390, colorScheme: "dark", charts: 12 },
    { what: "a sweep of three", html: wide, width: 1440, colorScheme: "dark", charts: 8 },
    { what: "a sweep of three", html: wide, width: 390, colorScheme: "light", charts: 8 },
    { what: "a sample", html: sample, width: 1440, colorScheme: "light", charts: 5 },
    { what: "a sample", html: sample, width: 390, colorScheme: "dark", charts: 5 },
    { what: "an empty sweep", html: empty, width: 390, colorScheme: "light", charts: 1 },
  ];

  test.each(SHOWN)("$what at $width px, $colorScheme", async ({ html, charts, ...view }) => {
    const opened = await open(html, view);
    await expectSound(opened, charts);
    await opened.page.close();
  });
});
