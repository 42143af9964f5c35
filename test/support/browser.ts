/**
 * A real browser for tests: Debian's Chromium, or the one that CHROMIUM names. Where there is none, the tests are skipped with
 * a reason, except in CI, where they fail. A page that is opened here is watched from its first byte: whatever it writes on the
 * console, and whatever it asks of the network, is there to be held against it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const isMissing = !existsSync(executablePath);

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Text of the Vega runtime, which reports and the dashboard inline. */
export const vegaSource = readFileSync("node_modules/vega/build/vega.min.js", "utf8");

export interface View {
  readonly width: number;
  readonly colorScheme: "light" | "dark";
}

/** The views in which every page must be fine: a desk and a phone, in both colour schemes. */
export const VIEWS: readonly View[] = [1440, 390].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })),
);

export interface Opened {
  readonly page: Page;
  readonly consoleLines: readonly string[];
  /** Addresses asked for, the page's own first; what the page holds itself (data:) is not among them. */
  readonly requests: readonly string[];
}

export interface Tabs {
  /** Opens an address. */
  readonly visit: (url: string, view: View) => Promise<Opened>;
  /** Opens a page from a file, as a reader of a report does, and waits until its charts are drawn. */
  readonly open: (html: string, view: View) => Promise<Opened>;
}

/** Like `describe`, with a browser that is there as long as the tests. */
export function describeInBrowser(what: string, suite: (tabs: Tabs) => void): void {
  if (isMissing) console.log(`Skipping ${what}: no browser at ${executablePath}.`);
  if (isMissing && process.env["CI"] === "true") {
    test(`${what}: CI has a browser`, () => {
      expect.fail(`CI must run these tests; there is no browser at ${executablePath}`);
    });
  }
  describe.skipIf(isMissing)(what, () => {
    let browser: Browser;
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "tenantry-page-"));
      browser = await chromium.launch({ executablePath, args: ARGS });
    });
    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    });
    const visit = (url: string, view: View): Promise<Opened> => watched(browser, url, view);
    suite({
      visit,
      async open(html, view) {
        const file = join(folder, "page.html");
        writeFileSync(file, html);
        const opened = await visit(pathToFileURL(file).href, view);
        const hasCharts = (await opened.page.locator(".chart").count()) > 0;
        if (hasCharts) {
          await opened.page.waitForSelector("html[data-charts=drawn]", { state: "attached" });
        }
        return opened;
      },
    });
  });
}

async function watched(
  browser: Browser,
  url: string,
  { width, colorScheme }: View,
): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const consoleLines: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => consoleLines.push(message.text()));
  page.on("pageerror", (error) => consoleLines.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  await page.goto(url);
  return { page, consoleLines, requests };
}

/** Pixels by which the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
}

/** What a page shows where a number should be and none is, in its words and in its charts. */
export async function brokenWords(page: Page): Promise<readonly string[]> {
  const words = await page.locator("body").innerText();
  const labels = await page.locator(".chart svg text").allTextContents();
  return `${words} ${labels.join(" ")}`.match(/NaN|undefined|null|Infinity/gu) ?? [];
}

/** What every page opened from a file must be: drawn, silent, alone, within its window and without broken numbers. */
export async function expectSound(
  { page, consoleLines, requests }: Opened,
  charts: number,
): Promise<void> {
  expect(await page.locator(".chart").count()).toBe(charts);
  expect(await page.locator(".chart svg").count()).toBe(charts);
  const marks =
    "[...document.querySelectorAll('.chart')].map((one) => one.querySelectorAll('svg path, svg text').length)";
  for (const count of await page.evaluate<number[]>(marks)) expect(count).toBeGreaterThan(0);
  expect(consoleLines).toEqual([]);
  expect(requests).toHaveLength(1);
  expect(await overflow(page)).toBe(0);
  expect(await brokenWords(page)).toEqual([]);
}
