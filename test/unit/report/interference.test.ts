/** The interference matrix: changes by hand, honest gaps, colours centred at no change, and tables for any width. */
import { describe, expect, test } from "vitest";
import { interferenceMaps } from "../../../src/report/interference/charts.ts";
import { interferenceReport } from "../../../src/report/interference/forms.ts";
import { type Interference, interferenceOf } from "../../../src/report/interference/matrix.ts";
import { interferenceSummary } from "../../../src/report/interference/tables.ts";
import { interferenceHeadline, interferenceNotes } from "../../../src/report/interference/words.ts";
import { LIGHT } from "../../../src/report/charts/palette.ts";
import { tableWidth } from "../../../src/report/summary.ts";
import type { Results } from "../../../src/results/results.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

const SETTING = { seeds: [1, 2], dependentClients: [], owners: [] };
const VICTIM = "northwind";
const NOISY = "tailspin-crawler-batch";

/** The example with another P99 and compliance of one tenant. */
function changed(name: string, p99: number, complianceOwed: number): Results {
  const whole = exampleResults();
  return {
    ...whole,
    tenants: whole.tenants.map((tenant) =>
      tenant.name === name
        ? {
            ...tenant,
            latency: { ...tenant.latency, ttftMs: { ...tenant.latency.ttftMs, p99 } },
            sla: { ...tenant.sla, complianceOwed },
          }
        : tenant,
    ),
  };
}

function pairOf(matrix: Interference, tenant: string, neighbour: string) {
  const row = matrix.tenants.find((one) => one.tenant === tenant)!;
  return row.effects[matrix.neighbours.indexOf(neighbour)];
}

const present = [changed(VICTIM, 100, 0.9), changed(VICTIM, 140, 0.8)];
const absent = [changed(VICTIM, 40, 0.99), changed(VICTIM, 60, 0.97)];
const names = exampleResults().tenants.map(({ name }) => name);
const matrix = interferenceOf(
  present,
  names.map((tenant) => ({ tenant, runs: tenant === NOISY ? absent : present })),
  SETTING,
);

describe("the matrix", () => {
  test("a change is the mean of the paired differences, with Student's interval", () => {
    const effect = pairOf(matrix, VICTIM, NOISY)!;
    // Differences 60 and 80: mean 70, half width 12.7062 x 14.1421 / sqrt(2) = 127.062.
    expect(effect.ttftMsP99).toMatchObject({ present: 120, absent: 50, change: 70, ratio: 2.4 });
    expect(effect.ttftMsP99!.interval!.low).toBeCloseTo(70 - 127.062, 3);
    expect(effect.ttftMsP99!.interval!.high).toBeCloseTo(70 + 127.062, 3);
    expect(effect.complianceOwed!.change).toBeCloseTo(0.85 - 0.98, 12);
  });

  test("nobody is his own neighbour, and under 100 samples there is nothing to say", () => {
    expect(pairOf(matrix, VICTIM, VICTIM)).toBeNull();
    expect(pairOf(matrix, "fabrikam", NOISY)).toEqual({ ttftMsP99: null, complianceOwed: null });
    expect(pairOf(matrix, "aurora-bank", NOISY)!.ttftMsP99).toMatchObject({ change: 0, ratio: 1 });
  });

  test("one replication has no interval", () => {
    const single = interferenceOf(
      present.slice(0, 1),
      [{ tenant: NOISY, runs: absent.slice(0, 1) }],
      SETTING,
    );
    expect(single.confidence).toBeNull();
    expect(single.neighbours).toEqual([NOISY]);
    expect(interferenceNotes(single).join(" ")).toContain("small changes may be chance");
  });

  test("the headline leaves out what may be chance", () => {
    expect(interferenceHeadline(matrix)).toMatch(/^Nobody's presence clearly makes/);
    const sure = interferenceOf(
      [present[0]!, present[0]!],
      names.map((tenant) => ({
        tenant,
        runs: tenant === NOISY ? [absent[0]!, absent[0]!] : [present[0]!, present[0]!],
      })),
      SETTING,
    );
    expect(interferenceHeadline(sure)).toBe(
      `${NOISY} costs most: with it, ${VICTIM}'s P99 TTFT is 100 ms instead of 40.0 ms (2.50×). The largest loss of compliance: ${VICTIM} keeps 90.00 % with ${NOISY} and 99.00 % without.`,
    );
  });

  test("CSV has a row per pair, and nothing where nothing is known", () => {
    const lines = interferenceReport(matrix).csv().trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + names.length * (names.length - 1));
    expect(
      lines.find((line) => line.startsWith(`${VICTIM},silver,${NOISY},120,50,70,2.4,`)),
    ).toBeDefined();
    expect(lines.find((line) => line.startsWith(`fabrikam,bronze,${NOISY}`))).toMatch(/,{12}$/);
  });
});

test("colours grow evenly from none at no change to the same strength at both ends", () => {
  const [ttft] = interferenceMaps(matrix, { palette: LIGHT });
  const spec = JSON.parse(JSON.stringify(ttft!.spec));
  const cells: { sufferer: string; neighbour: string; opacity: number; colour: string }[] =
    spec.layer[0].data.values;
  const cell = (neighbour: string) =>
    cells.find((one) => one.sufferer === VICTIM && one.neighbour === neighbour)!;
  // log2 of 2.4 is 1.263, on a scale that ends at 2 (four times): 0.6 x 1.263 / 2.
  expect(cell(NOISY)).toMatchObject({ opacity: 0.379, colour: LIGHT.bad });
  expect(cell("aurora-bank").opacity).toBe(0);
  expect(ttft!.legend.map(({ label }) => label)).toEqual([
    "0.25×",
    "0.50×",
    "1.0×",
    "2.0×",
    "4.0×",
  ]);
});

describe("tables for a terminal", () => {
  test.each([3, 12, 45, 300])("fit 80 columns with %i tenants", (count) => {
    const whole = manyTenants(count);
    const others = manyTenants(count);
    const crowd = interferenceOf(
      [whole],
      others.tenants.map(({ name }) => ({ tenant: name, runs: [others] })),
      SETTING,
    );
    const tables = interferenceSummary(crowd, 80);
    for (const { head, rows } of tables) {
      expect(tableWidth([head, ...rows])).toBeLessThanOrEqual(80);
    }
    const columns = tables
      .slice(0, tables.length / 2)
      .reduce((sum, { head }) => sum + head.length - 1, 0);
    expect(columns).toBe(Math.min(count, 40));
  });

  test("names and units where there is room, numbers and ratios where there is not", () => {
    expect(interferenceSummary(matrix, 400)[0]!.head[1]).toBe("with aurora-bank");
    const [narrow] = interferenceSummary(matrix, 60);
    expect(narrow!.head).toEqual(["", "1", "2", "3", "4", "5", "6"]);
    expect(narrow!.rows[2]).toEqual(["3 northwind", "=", "=", "·", "=", "2.40", "="]);
  });
});
