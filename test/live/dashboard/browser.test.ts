/**
 * The live dashboard in a real browser against a real driver: asks for the key, draws under its content policy without a
 * word on the console, changes as traffic does, fits a phone, follows the colour scheme, says when it is cut off.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerDashboard } from "../../../src/live/dashboard/feed.ts";
import {
  brokenWords,
  describeInBrowser,
  overflow,
  type View,
  vegaSource,
  VIEWS,
} from "../../support/browser.ts";
import { portOf, send, stop, traffic, watched, type Watched } from "./platform.ts";

const KEY = "sk-admin";

interface Served extends Watched {
  readonly address: string;
}

async function serve(): Promise<Served> {
  const live = watched();
  registerDashboard(live.app, {
    driver: live.driver,
    collecting: live.collecting,
    isAdmin: ({ headers }) => headers.authorization === `Bearer ${KEY}`,
    vegaSource,
  });
  await live.app.listen({ port: 0, host: "127.0.0.1" });
  return { ...live, address: `http://127.0.0.1:${portOf(live.app.server)}` };
}

describeInBrowser("the dashboard in a browser", ({ visit }) => {
  let live: Served;
  let flow: { stop(): void };

  beforeAll(async () => {
    live = await serve();
    flow = traffic(live.driver, [2, 2, 1, 2, 1]);
  });

  afterAll(async () => {
    flow.stop();
    await stop(live);
  });

  const open = (view: View, address = live.address) => visit(`${address}/dashboard`, view);

  test.each(VIEWS)("draws everything at $width px, $colorScheme", async (view) => {
    const { page, consoleLines, requests } = await open(view);
    await enter(page);
    await drawn(page, 4);
    expect(await page.locator(".chart svg").count()).toBe(8);
    expect(await page.locator(".chart:not(.empty)").count()).toBe(8);
    for (const chart of ["ttft-0", "queued", "running", "cost"]) {
      const marks = page.locator(
        `#chart-${chart} g[class*=mark-line] path, #chart-${chart} g[class*=mark-area] path, #chart-${chart} g[class*=mark-rect] path`,
      );
      expect(await marks.count(), chart).toBeGreaterThan(0);
    }
    expect(await page.locator("#tiers .card").count()).toBe(3);
    expect(await page.locator("#replicas .card").count()).toBe(5);
    expect(await page.locator("#tenants tbody tr").count()).toBe(5);
    expect(await brokenWords(page)).toEqual([]);
    const labels = await page.locator(".chart svg text").allTextContents();
    expect(labels).toContain("target P99 50 ms");
    expect(labels).toContain("now");
    expect(consoleLines).toEqual([]);
    expect(new Set(requests)).toEqual(
      new Set([`${live.address}/dashboard`, `${live.address}/dashboard/events`]),
    );
    expect(await overflow(page)).toBe(0);
    await page.close();
  });

  test("a wrong key is refused in words and not kept; the right one stays in the tab until it is forgotten", async () => {
    const { page } = await open({ width: 1440, colorScheme: "light" });
    await enter(page, "sk-wrong");
    await page.getByText("The server refused this key").waitFor();
    const kept = () => page.evaluate<string | null>("sessionStorage.getItem('tenantry-admin-key')");
    expect(await kept()).toBeNull();
    await enter(page);
    await drawn(page, 1);
    expect(await kept()).toBe(KEY);
    expect(page.url()).not.toContain(KEY);
    await page.reload();
    await drawn(page, 1);
    await page.click("#leave");
    await page.locator("#gate").waitFor({ state: "visible" });
    expect(await kept()).toBeNull();
    expect(await page.locator("#live").isVisible()).toBe(false);
    await page.close();
  });

  test("figures and charts change as traffic does", async () => {
    const { page } = await open({ width: 1440, colorScheme: "light" });
    await enter(page);
    await drawn(page, 3);
    const arrived = page.locator("#tenants tbody tr", { hasText: "elm" }).locator("td").nth(7);
    const before = Number((await arrived.innerText()).replaceAll(",", ""));
    const path = () =>
      page.evaluate<string>(
        "document.querySelector('#chart-running g[class*=mark-area] path').getAttribute('d')",
      );
    const drawnBefore = await path();
    for (let count = 0; count < 15; count++) send(live.driver, 4);
    await until(
      page,
      `Number([...document.querySelectorAll('#tenants tbody tr')].find((row) => row.innerText.includes('elm')).cells[8].innerText.replaceAll(',', '')) >= ${before + 15}`,
    );
    await until(
      page,
      `document.querySelector('#chart-running g[class*=mark-area] path').getAttribute('d') !== ${JSON.stringify(drawnBefore)}`,
    );
    await page.close();
  });

  test("an event shows, and the values under the pointer do", async () => {
    const { page } = await open({ width: 1440, colorScheme: "light" });
    await enter(page);
    await drawn(page, 3);
    live.collecting.event(live.driver.nowNs, {
      kind: "noisy-neighbour",
      tenant: 1,
      aggressor: 3,
      pool: 1,
      replica: undefined,
      message: "birch suffers <script>alert(1)</script> & dune is over its share.",
    });
    await page.locator("#events", { hasText: "birch suffers <script>" }).waitFor();
    const slice = page.locator("#chart-ttft-1 g.slices_marks path").last();
    const tip = page.locator("#tip");
    // Scrolling there hides what shows, a moment later.
    const point = async (): Promise<boolean> => {
      await slice.hover();
      return tip.isVisible();
    };
    await expect.poll(point, { timeout: 30_000 }).toBe(true);
    const text = await tip.innerText();
    // What is read stands still while everything else goes on.
    const seconds = () => page.locator("#state-text").innerText();
    const before = await seconds();
    await expect.poll(seconds, { timeout: 30_000 }).not.toBe(before);
    expect(await tip.isVisible()).toBe(true);
    expect(await tip.innerText()).toBe(text);
    expect(text).toContain("All of silver");
    expect(text).toMatch(/birch\s+[\d.]+ ms/u);
    await page.close();
  });

  test("follows a change of the colour scheme, and fits a window that becomes narrow", async () => {
    const { page } = await open({ width: 1440, colorScheme: "light" });
    await enter(page);
    await drawn(page, 1);
    const fill = "getComputedStyle(document.querySelector('.chart svg .mark-text text')).fill";
    const light = await page.evaluate<string>(fill);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate<string>(fill)).not.toBe(light);
    await page.setViewportSize({ width: 390, height: 800 });
    await until(page, "document.querySelector('.chart svg').getBoundingClientRect().width < 390");
    expect(await overflow(page)).toBe(0);
    await page.close();
  });

  test("without any traffic it says so, and once cut off it says that too", async () => {
    const idle = await serve();
    const { page, consoleLines } = await open({ width: 390, colorScheme: "dark" }, idle.address);
    await enter(page);
    await drawn(page, 2);
    expect(await page.locator("#none-ttft-0").innerText()).toContain("Nobody of this tier");
    expect(await page.locator("#none-cost").innerText()).toContain("Nobody has been charged");
    expect(await page.locator("#tiers .pill").allInnerTexts()).toEqual(Array(3).fill("no traffic"));
    expect(await page.locator("#events").innerText()).toBe("None since the start.");
    expect(consoleLines).toEqual([]);
    expect(await overflow(page)).toBe(0);
    await stop(idle);
    await page.locator("#state[data-state=lost]", { hasText: "Connection lost" }).waitFor();
    await page.close();
  });
});

async function enter(page: Page, key = KEY): Promise<void> {
  await page.fill("#key", key);
  await page.click("#gate button");
}

/** Drawn, with at least so many slices. */
async function drawn(page: Page, slices: number): Promise<void> {
  await until(page, `Number(document.documentElement.dataset.slices) >= ${slices}`);
}

/** Waits until the expression holds. Playwright's own way needs the eval that the page's policy forbids. */
async function until(page: Page, expression: string): Promise<void> {
  await expect
    .poll(() => page.evaluate<boolean>(expression), { timeout: 30_000, message: expression })
    .toBe(true);
}
