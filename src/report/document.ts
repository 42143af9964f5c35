/**
 * A report before it has a form: what it says, in which order. First one page for whoever reads no further, then charts, then
 * tables and appendices. The page and the Markdown both print this document, so they cannot disagree.
 */
import type { Chart } from "./charts/frame.ts";
import type { Definition } from "./definitions.ts";
import type { KeyFigure } from "./figures.ts";
import type { Table } from "./table.ts";
import type { Verdict } from "./verdict.ts";

export type Block =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "table"; readonly table: Table }
  /** For Markdown without pictures only. */
  | { readonly kind: "sparklines"; readonly table: Table }
  | { readonly kind: "charts"; readonly charts: readonly Chart[] }
  | { readonly kind: "definitions"; readonly definitions: readonly Definition[] };

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface TierVerdict {
  readonly tier: string;
  readonly colour: string;
  readonly verdict: Verdict;
  readonly targets: readonly { readonly text: string; readonly verdict: Verdict }[];
  readonly compliance: string;
}

/** What a reader should take away on one matter ("Promises", "Cost"), in sentences. */
export interface Conclusion {
  readonly topic: string;
  readonly sentences: readonly string[];
}

export interface ReportDocument {
  readonly title: string;
  readonly question: string;
  readonly headline: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly verdicts: readonly TierVerdict[];
  readonly figures: readonly KeyFigure[];
  readonly conclusions: readonly Conclusion[];
  readonly sections: readonly Section[];
}

/** A section, or nothing where it would be empty. */
export function section(id: string, title: string, blocks: readonly Block[]): readonly Section[] {
  return blocks.length === 0 ? [] : [{ id, title, blocks }];
}

export function tables(...list: readonly (Table | undefined)[]): readonly Block[] {
  return list.filter((table) => table !== undefined).map((table) => ({ kind: "table", table }));
}

export function texts(...list: readonly string[]): readonly Block[] {
  return list.map((text) => ({ kind: "text", text }));
}

/** Charts side by side; those without data are left out. */
export function charts(...list: readonly (Chart | undefined)[]): readonly Block[] {
  const drawn = list.filter((chart) => chart !== undefined);
  return drawn.length === 0 ? [] : [{ kind: "charts", charts: drawn }];
}

/** Every chart of a document, in its order. */
export function chartsIn({ sections }: ReportDocument): readonly Chart[] {
  return sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === "charts" ? block.charts : [])),
  );
}
