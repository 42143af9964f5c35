/**
 * The smaller outputs: the terminal's summary within its width, bills that add up, and chart specifications that compile
 * without a warning and stand alone.
 */
import { compile } from "vega-lite";
import { describe, expect, test, vi } from "vitest";
import { billsCsv } from "../../../src/report/bills.ts";
import { logTicks } from "../../../src/report/charts/frame.ts";
import { standalone } from "../../../src/report/charts/standalone.ts";
import { fileCharts } from "../../../src/report/report.ts";
import { runReport } from "../../../src/report/run/forms.ts";
import { summaryTables, SUMMARY_WIDTH, tableWidth } from "../../../src/report/summary.ts";
import type { Results } from "../../../src/results/results.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

function withNames(name: string): Results {
  const results = exampleResults();
  return {
    ...results,
    tenants: results.tenants.map((tenant, index) => ({ ...tenant, name: `${name}${index}` })),
  };
}

describe("the terminal's summary", () => {
  test.each([
    ["a full run", exampleResults()],
    ["an empty run", emptyResults()],
    ["300 tenants", manyTenants(300)],
    ["very long names", withNames("a-customer-with-a-very-long-name-".repeat(4))],
  ])("fits 80 columns: %s", (_, results) => {
    for (const table of summaryTables(results)) {
      expect(tableWidth([table.head, ...table.rows])).toBeLessThanOrEqual(SUMMARY_WIDTH);
      for (const row of table.rows) expect(row).toHaveLength(table.head.length);
    }
  });

  test("shows each tier beside its target", () => {
    const [tiers] = summaryTables(exampleResults());
    expect(tiers?.rows).toEqual([
      ["gold", "57,331", "0", "19.7 ms", "44.8 ms", "50 ms", "99.9938 %", "met", "$54.45"],
      ["silver", "42,875", "0", "44.0 ms", "100.04 ms", "100 ms", "98.55 %", "missed", "$31.78"],
      ["bronze", "64,966", "412", "807 ms", "1.83 s", "500 ms", "97.10 %", "missed", "$47.63"],
    ]);
  });

  test("shows the busiest tenants where there are many, and counts the others", () => {
    const [, tenants] = summaryTables(manyTenants(300));
    expect(tenants?.rows).toHaveLength(21);
    expect(tenants?.rows.at(-1)?.[0]).toBe("280 more");
  });

  test("lets no name steer the terminal", () => {
    const [, tenants] = summaryTables(withNames("\u001bx\u202e"));
    expect(tenants?.rows[0]?.[0]).toBe("?x?0");
  });
});

describe("bills", () => {
  test("add up to their totals, to the nano-dollar", () => {
    const rows = billsCsv(withNames("t"))
      .trim()
      .split("\r\n")
      .map((row) => row.split(","));
    expect(rows[0]).toEqual(["tenant", "tier", "kind", "usd"]);
    expect(rows).toHaveLength(1 + 6 * 7);
    for (let index = 0; index < 6; index++) {
      const bill = rows.filter((row) => row[0] === `t${index}`).map((row) => nanoUsd(row[3] ?? ""));
      const total = bill.pop();
      expect(bill.reduce((sum, amount) => sum + amount, 0n)).toBe(total);
    }
  });

  test("quote what CSV needs quoted, and defuse formulas", () => {
    expect(billsCsv(withNames('a,"b"'))).toContain('"a,""b""0",gold,gpu,');
    expect(billsCsv(withNames("=1+1"))).toContain("'=1+10,gold,gpu,");
  });
});

describe("chart specifications", () => {
  test.each([
    ["a full run", exampleResults(), 12],
    ["300 tenants", manyTenants(300), 12],
    ["an empty run", emptyResults(), 5],
  ])("compile without a warning: %s", (_, results, count) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const charts = fileCharts(runReport(results));
    expect(charts).toHaveLength(count);
    expect(new Set(charts.map((one) => one.id)).size).toBe(count);
    for (const chart of charts) {
      const spec = standalone(chart);
      expect(chart.id).toMatch(/^[a-z0-9-]+$/);
      expect(JSON.stringify(spec)).not.toContain("var(--");
      compile(spec);
    }
    expect(warn.mock.calls).toEqual([]);
    warn.mockRestore();
  });

  test("ticks of a log scale are few and round", () => {
    expect(logTicks(9, 2400)).toEqual([10, 20, 50, 100, 200, 500, 1000, 2000]);
    expect(logTicks(0.07, 60_000)).toEqual([0.1, 1, 10, 100, 1000, 10_000]);
  });
});

/** Whole nano-dollars of a decimal amount, without floating point. */
function nanoUsd(amount: string): bigint {
  const [whole = "", fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.padEnd(9, "0"));
}
