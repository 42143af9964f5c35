/** Reads a report's page back: its tables, its conclusions, and what it is on paper. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { brokenWords, type Opened, overflow, type View } from "../../support/browser.ts";
import { shows } from "./amounts.ts";

/** A sheet of A4 less its margins, in CSS pixels. */
export const PAPER: View = { width: 703, colorScheme: "light" };
/** 297 mm less the margins. */
const SHEET_HEIGHT = ((297 - 26) / 25.4) * 96;

/** Holds a page opened at the width of PAPER to: one sheet of conclusions, nothing clipped, so many sheets in all. */
export async function expectPaper(
  { page, consoleLines }: Opened,
  sheets: { readonly least: number; readonly most: number },
): Promise<void> {
  await page.emulateMedia({ media: "print" });
  expect(await overflow(page)).toBe(0);
  const clipped = await page.evaluate<string[]>(
    "[...document.querySelectorAll('.table')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.querySelector('h3').textContent)",
  );
  expect(clipped).toEqual([]);
  const head = await page.evaluate<number>("document.querySelector('main').offsetTop");
  expect(head).toBeLessThan(SHEET_HEIGHT);
  const pdf = (await page.pdf({ preferCSSPageSize: true, format: "A4" })).toString("latin1");
  const count = [...pdf.matchAll(/\/Type ?\/Page[^s]/g)].length;
  expect(count).toBeGreaterThanOrEqual(sheets.least);
  expect(count).toBeLessThanOrEqual(sheets.most);
  expect(await brokenWords(page)).toEqual([]);
  expect(consoleLines).toEqual([]);
}

/** Rows of a table by their columns' labels. */
type Rows = readonly Readonly<Record<string, string>>[];

export async function tablesOf(page: Page): Promise<ReadonlyMap<string, Rows>> {
  const found = await page.evaluate<readonly (readonly [string, Rows])[]>(`
    [...document.querySelectorAll(".table")].map((table) => {
      const labels = [...table.querySelectorAll("thead th")].map((one) => one.textContent);
      const rows = [...table.querySelectorAll("tbody tr")].map((row) =>
        Object.fromEntries([...row.cells].map((cell, at) => [labels[at], cell.textContent])));
      return [table.querySelector("h3").textContent, rows];
    })`);
  return new Map(found);
}

export async function conclusionsOf(page: Page): Promise<ReadonlyMap<string, string>> {
  const found = await page.evaluate<readonly (readonly [string, string])[]>(
    "[...document.querySelectorAll('.conclusions dl > div')].map((one) => [one.children[0].textContent, one.children[1].textContent])",
  );
  return new Map(found);
}

/** Holds columns of a table, row by row, to what the file says of each subject. */
export function expectColumns<Subject>(
  tables: ReadonlyMap<string, Rows>,
  title: string,
  subjects: readonly Subject[],
  columns: Readonly<Record<string, (subject: Subject) => number | null>>,
): void {
  const rows = tables.get(title);
  expect(rows, title).toHaveLength(subjects.length);
  for (const [at, subject] of subjects.entries()) {
    for (const [label, valueOf] of Object.entries(columns)) {
      const text = rows?.[at]?.[label] ?? "no such column";
      const value = valueOf(subject);
      expect(shows(text, value), `${title}, ${label}, row ${at}: ${text} for ${value}`).toBe(true);
    }
  }
}
