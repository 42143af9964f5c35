/**
 * The pages of compare-policies and interference in a real browser, opened from a file: charts drawn, nothing on the console,
 * nothing asked of the network, nothing wider than the window. Needs Debian's Chromium (or CHROMIUM); without it the tests are
 * skipped with a reason, and CI is told by the report's own browser test.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interferenceHtml } from "../../../src/report/interference/forms.ts";
import { interferenceOf } from "../../../src/report/interference/matrix.ts";
import { policiesHtml } from "../../../src/report/policies/forms.ts";
import { comparePolicies } from "../../../src/report/policies/policies.ts";
import type { Results } from "../../../src/results/results.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const isMissing = !existsSync(executablePath);
if (isMissing) console.log(`Skipping the browser tests of plans: no browser at ${executablePath}.`);

const vegaSource = readFileSync("node_modules/vega/build/vega.min.js", "utf8");

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
  return policiesHtml(comparePolicies([...sides, partition], setting), vegaSource);
}

function interferencePage(results: Results): string {
  const absences = results.tenants.map(({ name }) => ({ tenant: name, runs: [results] }));
  const setting = { seeds: [1], dependentClients: ["chat"], owners: ["aurora-bank"] };
  return interferenceHtml(interferenceOf([results], absences, setting), vegaSource);
}

interface View {
  readonly what: string;
  readonly html: string;
  readonly width: number;
  readonly scheme: "light" | "dark";
  readonly charts: number;
}

describe.skipIf(isMissing)("the plans' pages in a browser", () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tenantry-plans-"));
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"];
    browser = await chromium.launch({ executablePath, args });
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  const policies = policiesPage(exampleResults());
  const few = interferencePage(exampleResults());
  const many = interferencePage(manyTenants(40));
  const VIEWS: readonly View[] = [
    { what: "policies", html: policies, width: 1280, scheme: "light", charts: 3 },
    { what: "policies", html: policies, width: 390, scheme: "dark", charts: 3 },
    {
      what: "empty policies",
      html: policiesPage(emptyResults()),
      width: 1280,
      scheme: "dark",
      charts: 1,
    },
    { what: "interference", html: few, width: 1280, scheme: "dark", charts: 2 },
    { what: "interference", html: few, width: 390, scheme: "light", charts: 2 },
    { what: "interference of many", html: many, width: 1280, scheme: "light", charts: 2 },
    { what: "interference of many", html: many, width: 390, scheme: "dark", charts: 2 },
  ];

  test.each(VIEWS)("$what at $width px, $scheme", async ({ html, width, scheme, charts }) => {
    const file = join(folder, "plan.html");
    writeFileSync(file, html);
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    const consoleLines: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => consoleLines.push(message.text()));
    page.on("pageerror", (error) => consoleLines.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("html[data-charts=drawn]", { state: "attached" });
    expect(await page.locator(".chart svg").count()).toBe(charts);
    expect(consoleLines).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("data:"))).toHaveLength(1);
    const over = "document.documentElement.scrollWidth - window.innerWidth";
    expect(await page.evaluate<number>(over)).toBe(0);
    const words = await page.locator("body").innerText();
    const labels = await page.locator(".chart svg text").allTextContents();
    expect(`${words} ${labels.join(" ")}`.match(/NaN|undefined/g) ?? []).toEqual([]);
    await page.close();
  });
});
