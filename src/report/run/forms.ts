/** A run's report, whatever form it takes. */
import type { Measure } from "../../results/measures.ts";
import {
  BILL_MEASURES,
  PLATFORM_MEASURES,
  rejectReasons,
  tierMeasures,
} from "../../results/measures.ts";
import type { Results } from "../../results/results.ts";
import { csvText, type CsvValue } from "../csv.ts";
import type { Report } from "../report.ts";
import { runDocument } from "./document.ts";

export function runReport(results: Results): Report {
  return {
    name: results.scenario.name,
    tenantryVersion: results.tenantryVersion,
    origin:
      results.load === undefined
        ? "a simulation. Equal scenario, seed and version give an equal report."
        : "measured by a load generator from the client’s side.",
    document: (style) => runDocument(results, style),
    csv: () => runCsv(results),
  };
}

/** A row per figure, of the platform, of every tier and of every tenant. */
function runCsv(results: Results): string {
  const { tiers, tenants } = results;
  const measures = tierMeasures(rejectReasons([results]));
  const rows = [
    ...figureRows("platform", "", PLATFORM_MEASURES, results),
    ...tiers.flatMap((tier) => figureRows("tier", tier.name, measures, tier)),
    ...tenants.flatMap((tenant) => [
      ...figureRows("tenant", tenant.name, measures, tenant),
      ...figureRows("bill", tenant.name, BILL_MEASURES, tenant),
    ]),
  ];
  return csvText([["of", "name", "figure", "unit", "value"], ...rows]);
}

function figureRows<Subject>(
  of: string,
  name: string,
  measures: readonly Measure<Subject>[],
  subject: Subject,
): readonly (readonly CsvValue[])[] {
  return measures.map(({ id, unit, of: figure }) => [of, name, id, unit, figure(subject)]);
}
