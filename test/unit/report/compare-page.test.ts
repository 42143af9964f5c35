/**
 * The comparison page in a real browser, opened from a file: charts drawn, nothing on the console, nothing asked of the
 * network, nothing wider than the window. Needs Debian's Chromium (or CHROMIUM); without it the tests are skipped with a
 * reason, and CI is told by the report's own browser test.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareSides } from "../../../src/report/compare/compare.ts";
import { compareHtml } from "../../../src/report/compare/forms.ts";
import type { Results } from "../../../src/results/results.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const isMissing = !existsSync(executablePath);
if (isMissing)
  console.log(`Skipping the browser tests of comparisons: no browser at ${executablePath}.`);

interface View {
  readonly what: string;
  readonly firsts: readonly Results[];
  readonly width: number;
  readonly scheme: "light" | "dark";
  readonly charts: number;
}

describe.skipIf(isMissing)("the comparison in a browser", () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tenantry-compare-"));
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"];
    browser = await chromium.launch({ executablePath, args });
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  const example = exampleResults();
  const many = manyTenants(300);
  const empty = emptyResults();
  const VIEWS: readonly View[] = [
    { what: "two sides", firsts: [example, example], width: 1440, scheme: "light", charts: 6 },
    { what: "two sides", firsts: [example, example], width: 1440, scheme: "dark", charts: 6 },
    { what: "three", firsts: [example, example, example], width: 390, scheme: "dark", charts: 6 },
    { what: "many tenants", firsts: [many, many], width: 390, scheme: "light", charts: 6 },
    { what: "empty runs", firsts: [empty, empty], width: 1440, scheme: "light", charts: 1 },
  ];

  test.each(VIEWS)("$what at $width px, $scheme", async ({ firsts, width, scheme, charts }) => {
    const sides = firsts.map((results, at) => ({ source: `out/run-${at}`, runs: [results] }));
    const vegaSource = readFileSync("node_modules/vega/build/vega.min.js", "utf8");
    const file = join(folder, "compare.html");
    writeFileSync(file, compareHtml(compareSides(sides), firsts, vegaSource));
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    const consoleLines: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => consoleLines.push(message.text()));
    page.on("pageerror", (error) => consoleLines.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    const figures = await page.locator(".chart").count();
    if (figures > 0) await page.waitForSelector("html[data-charts=drawn]", { state: "attached" });
    expect(await page.locator(".chart svg").count()).toBe(figures);
    expect(figures).toBe(charts);
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
