/**
 * Something that can be reported, whatever it is of (a run, a plan, a comparison), and the forms all of them have: a page that
 * needs nothing else, Markdown, rows for a spreadsheet, and charts as files.
 */
import type { Chart, ChartStyle } from "./charts/frame.ts";
import { LIGHT, PAGE_PALETTE } from "./charts/palette.ts";
import { chartsIn, type ReportDocument } from "./document.ts";
import { htmlPage } from "./html/page.ts";
import { markdownOf } from "./markdown.ts";

export interface Report {
  /** Of the scenario it is about. */
  readonly name: string;
  /** The version of tenantry that made the figures. */
  readonly tenantryVersion: string;
  /** Where the figures come from, for the foot of the page: "a simulation." */
  readonly origin: string;
  readonly document: (style: ChartStyle) => ReportDocument;
  /** Every figure with all its digits. */
  readonly csv: () => string;
}

const FILE_STYLE: ChartStyle = { palette: LIGHT };

/** The page; `vegaSource` is the text of vega/build/vega.min.js. */
export function reportHtml({ document, ...about }: Report, vegaSource: string): string {
  return htmlPage(document({ palette: PAGE_PALETTE }), { ...about, vegaSource });
}

/** The Markdown, with a picture of each chart where there is a folder of them (relative, by the charts' ids). */
export function reportMarkdown({ document }: Report, pictures?: string): string {
  return markdownOf(document(FILE_STYLE), pictures);
}

/** The conclusions alone, for a terminal. */
export function reportConclusions({
  document,
}: Report): Pick<ReportDocument, "title" | "headline" | "conclusions"> {
  return document(FILE_STYLE);
}

/** The charts, in light colours, for files of their own. */
export function fileCharts({ document }: Report): readonly Chart[] {
  return chartsIn(document(FILE_STYLE));
}
