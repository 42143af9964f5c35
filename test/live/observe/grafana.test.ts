/** The Grafana dashboard in docs/ asks only for metrics and labels that there are, and leaves none of ours unseen. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Metrics } from "../../../src/live/observe/metrics.ts";
import { send, stop, watched, watchedPlatform } from "../dashboard/platform.ts";
import { parseExposition } from "./exposition.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly definition?: string;
    }[];
  };
}

const dashboard: Dashboard = JSON.parse(readFileSync("docs/grafana-dashboard.json", "utf8"));
const queries = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
];
/** Names in a query: what is neither inside braces nor a function nor a word of the language. */
const METRIC = /\b(?:tenantry|gen_ai|nodejs|process)_[a-z0-9_]+/gu;
const METRIC_WITH_LABELS = /\b((?:tenantry|gen_ai)_[a-z0-9_]+)\{([^}]*)\}/gu;

async function registry() {
  const metrics = new Metrics(watchedPlatform());
  const live = watched({ observers: [metrics], outputTokens: () => 3 });
  metrics.attach(live.driver, () => 0);
  await send(live.driver, 1).over;
  await send(live.driver, 1, { maxOutputTokens: 10_000_000 }).over;
  const families = parseExposition(await metrics.text());
  await stop(live);
  return families;
}

test("every metric and label it asks for exists, and every metric of ours has a panel", async () => {
  const families = await registry();
  const asked = new Set(
    queries.flatMap((query) =>
      (query.match(METRIC) ?? []).map((name) => name.replace(/_bucket$/u, "")),
    ),
  );
  expect(asked.size).toBeGreaterThan(15);
  expect([...asked].filter((name) => !families.has(name))).toEqual([]);
  const ours = [...families.keys()].filter((name) => name.startsWith("tenantry_"));
  expect(ours.filter((name) => !asked.has(name))).toEqual([]);
  for (const query of queries) {
    for (const [, name = "", selector = ""] of query.matchAll(METRIC_WITH_LABELS)) {
      const labels = families.get(name.replace(/_bucket$/u, ""))!.samples.map((one) => one.labels);
      for (const [, label] of selector.matchAll(/([a-z_]+)=/gu)) {
        expect(
          labels.some((text) => text.includes(`${label}="`)),
          `${label} of ${name}`,
        ).toBe(true);
      }
    }
    for (const [, grouped = ""] of query.matchAll(/ by \(([^)]*)\)/gu)) {
      const name = query.match(METRIC)![0].replace(/_bucket$/u, "");
      const labels = families
        .get(name)!
        .samples.map((one) => one.labels)
        .join(",");
      for (const label of grouped.split(", ")) {
        // Of metrics without samples yet (events), the labels cannot be seen here.
        if (labels !== "") expect(labels, `${label} of ${name}`).toContain(`${label}="`);
      }
    }
  }
});

test("it can be imported: one variable for the data source, panels that do not overlap", () => {
  expect(dashboard.templating.list[0]).toMatchObject({ name: "datasource", type: "datasource" });
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const cells = new Set<string>();
  for (const { title, gridPos, type, datasource, description } of dashboard.panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(cells.has(`${x},${y}`), `${title} overlaps`).toBe(false);
        cells.add(`${x},${y}`);
      }
    }
    if (type === "row") continue;
    expect(datasource?.uid, title).toBe("${datasource}");
    expect(description, title).toBeTruthy();
  }
});
