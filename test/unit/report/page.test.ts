/**
 * The page in a real browser, opened from a file: charts drawn, nothing on the console, nothing asked of the network,
 * nothing wider than the window, in both colour schemes and on a phone. Needs Debian's Chromium (or CHROMIUM); without it
 * the tests are skipped with a reason, except in CI, where they fail.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { htmlReport } from "../../../src/report/html/page.ts";
import type { Results } from "../../../src/results/results.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants, NASTY_NAME } from "./fixture.ts";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const isMissing = !existsSync(executablePath);
if (isMissing)
  console.log(`Skipping the browser tests of the report: no browser at ${executablePath}.`);

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

interface Opened {
  readonly page: Page;
  readonly consoleLines: readonly string[];
  readonly requests: readonly string[];
}

test.runIf(isMissing && process.env["CI"] === "true")("CI has a browser", () => {
  expect.fail(`CI must test the page in a browser; there is none at ${executablePath}`);
});

describe.skipIf(isMissing)("the page in a browser", () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tenantry-report-"));
    browser = await chromium.launch({ executablePath, args: ARGS });
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  async function open(
    results: Results,
    { width, colorScheme }: { readonly width: number; readonly colorScheme: "light" | "dark" },
  ): Promise<Opened> {
    const vegaSource = readFileSync("node_modules/vega/build/vega.min.js", "utf8");
    const file = join(folder, "report.html");
    writeFileSync(file, htmlReport(results, { vegaSource }));
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const consoleLines: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => consoleLines.push(message.text()));
    page.on("pageerror", (error) => consoleLines.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("html[data-charts=drawn]", { state: "attached" });
    return { page, consoleLines, requests };
  }

  const VIEWS = [
    { width: 1440, colorScheme: "light" },
    { width: 1440, colorScheme: "dark" },
    { width: 390, colorScheme: "light" },
    { width: 390, colorScheme: "dark" },
  ] as const;

  test.each(VIEWS)("draws everything at $width px, $colorScheme", async (view) => {
    const { page, consoleLines, requests } = await open(exampleResults(), view);
    expect(await page.locator(".chart svg").count()).toBe(12);
    expect(consoleLines).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("file:") && !url.startsWith("data:"))).toEqual(
      [],
    );
    expect(requests.filter((url) => url.startsWith("file:"))).toHaveLength(1);
    expect(await overflow(page)).toBe(0);
    const widest = await page.evaluate<number>(
      "Math.max(...[...document.querySelectorAll('.chart')].map((box) => box.firstElementChild.scrollWidth - box.clientWidth))",
    );
    expect(widest).toBeLessThanOrEqual(1);
    await page.close();
  });

  test("follows a change of the colour scheme without drawing again", async () => {
    const { page } = await open(exampleResults(), { width: 1440, colorScheme: "light" });
    const fill = "getComputedStyle(document.querySelector('.chart svg .mark-text text')).fill";
    const light = await page.evaluate<string>(fill);
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await page.evaluate<string>(fill);
    expect(dark).not.toBe(light);
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    expect(await page.evaluate<string>(fill)).toBe(light);
    await page.close();
  });

  test("fits a window that becomes narrow", async () => {
    const { page } = await open(exampleResults(), { width: 1440, colorScheme: "light" });
    await page.setViewportSize({ width: 390, height: 800 });
    await page.waitForFunction(
      "document.querySelector('.chart svg').getBoundingClientRect().width < 390",
    );
    expect(await overflow(page)).toBe(0);
    await page.close();
  });

  test("shows the values under the pointer", async () => {
    const { page } = await open(exampleResults(), { width: 1440, colorScheme: "light" });
    const chart = page.locator("#chart-ttft-p99-1");
    await chart.scrollIntoViewIfNeeded();
    await chart.hover({ position: { x: 300, y: 100 } });
    const tip = page.locator("#tip");
    await tip.waitFor({ state: "visible" });
    const text = await tip.innerText();
    expect(text).toContain("northwind (ms)");
    expect(text).toContain(NASTY_NAME);
    expect(text).not.toMatch(/NaN|null|undefined/);
    await page.close();
  });

  test("runs no script that a name smuggles in", async () => {
    const { page, consoleLines } = await open(exampleResults(), {
      width: 1440,
      colorScheme: "light",
    });
    // An alert would have been dismissed by playwright; a script element of its own would be in the page.
    expect(await page.locator("script").count()).toBe(3);
    expect(
      await page.locator("h3, th, td").filter({ hasText: "<script>alert" }).count(),
    ).toBeGreaterThan(0);
    expect(consoleLines).toEqual([]);
    await page.close();
  });

  test.each([
    ["an empty run", emptyResults(), 5],
    ["300 tenants", manyTenants(300), 12],
  ] as const)("draws %s", async (_, results, charts) => {
    const { page, consoleLines } = await open(results, { width: 390, colorScheme: "light" });
    expect(await page.locator(".chart svg").count()).toBe(charts);
    const words = await page.locator("body").innerText();
    expect(words.match(/NaN|undefined/g) ?? []).toEqual([]);
    const labels = await page.locator(".chart svg text").allTextContents();
    expect(labels.join(" ").match(/NaN|undefined/g) ?? []).toEqual([]);
    expect(consoleLines).toEqual([]);
    expect(await overflow(page)).toBe(0);
    await page.close();
  });
});

/** Pixels by which the page is wider than its window. */
async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
}
