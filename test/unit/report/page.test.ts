/**
 * The page in a real browser, opened from a file: charts drawn, nothing on the console, nothing asked of the network,
 * nothing wider than the window, in both colour schemes and on a phone.
 */
import { expect, test } from "vitest";
import { reportHtml } from "../../../src/report/report.ts";
import { runReport } from "../../../src/report/run/forms.ts";
import type { Results } from "../../../src/results/results.ts";
import {
  describeInBrowser,
  expectSound,
  overflow,
  type View,
  vegaSource,
  VIEWS,
} from "../../support/browser.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants, NASTY_NAME } from "./fixture.ts";

const DESK: View = { width: 1440, colorScheme: "light" };

function pageOf(results: Results): string {
  return reportHtml(runReport(results), vegaSource);
}

describeInBrowser("the page in a browser", ({ open }) => {
  test.each(VIEWS)("draws everything at $width px, $colorScheme", async (view) => {
    const opened = await open(pageOf(exampleResults()), view);
    await expectSound(opened, 12);
    const { page } = opened;
    const widest = await page.evaluate<number>(
      "Math.max(...[...document.querySelectorAll('.chart')].map((box) => box.firstElementChild.scrollWidth - box.clientWidth))",
    );
    expect(widest).toBeLessThanOrEqual(1);
    await page.close();
  });

  test("follows a change of the colour scheme without drawing again", async () => {
    const { page } = await open(pageOf(exampleResults()), DESK);
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
    const { page } = await open(pageOf(exampleResults()), DESK);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.waitForFunction(
      "document.querySelector('.chart svg').getBoundingClientRect().width < 390",
    );
    expect(await overflow(page)).toBe(0);
    await page.close();
  });

  test("shows the values under the pointer", async () => {
    const { page } = await open(pageOf(exampleResults()), DESK);
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
    const { page, consoleLines } = await open(pageOf(exampleResults()), DESK);
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
    const opened = await open(pageOf(results), { width: 390, colorScheme: "light" });
    await expectSound(opened, charts);
    await opened.page.close();
  });
});
