/** `tenantry report`: what came of a simulation or a plan, as a report to hand on, in every form that is asked for. */
import { join } from "node:path";
import { standalone, still } from "../report/charts/standalone.ts";
import {
  fileCharts,
  type Report,
  reportConclusions,
  reportHtml,
  reportMarkdown,
} from "../report/report.ts";
import { cleaned } from "../report/summary.ts";
import { nearest } from "../scenario/nearest.ts";
import { chartSvg } from "./chart-svg.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, slug, writeFiles } from "./output.ts";
import { vegaRuntime } from "./package-info.ts";
import { readReport } from "./read-report.ts";

export interface ReportOptions {
  readonly out?: string;
  readonly format?: string;
  readonly quiet?: boolean;
}

const FORMATS = ["html", "md", "csv", "svg", "vega-lite"] as const;
type Format = (typeof FORMATS)[number];

/** Where charts lie, beside the report. */
const CHARTS = "charts";

type NamedText = readonly [name: string, text: string];

/** Runs the command; returns its exit code. */
export async function reportCommand(path: string, options: ReportOptions): Promise<number> {
  const formats = formatsOf(options.format);
  const report = readReport(path);
  const folder = options.out ?? join("out", `${slug(report.name)}-report`);
  const hasCharts = formats.has("svg") || formats.has("vega-lite");
  prepareFolder(hasCharts ? join(folder, CHARTS) : folder);
  const files = [...textFiles(report, formats), ...(await chartFiles(report, formats))];
  writeFiles(folder, files);
  if (options.quiet === true) return EXIT.fine;
  print(report);
  process.stdout.write(`Open ${join(folder, files[0]?.[0] ?? "")}\n`);
  return EXIT.fine;
}

function textFiles(report: Report, formats: ReadonlySet<Format>): readonly NamedText[] {
  const pictures = formats.has("svg") ? CHARTS : undefined;
  const makers: readonly (readonly [Format, string, () => string])[] = [
    ["html", "report.html", () => reportHtml(report, vegaRuntime())],
    ["md", "report.md", () => reportMarkdown(report, pictures)],
    ["csv", "report.csv", () => report.csv()],
  ];
  return makers
    .filter(([format]) => formats.has(format))
    .map(([, name, make]): NamedText => [name, make()]);
}

async function chartFiles(
  report: Report,
  formats: ReadonlySet<Format>,
): Promise<readonly NamedText[]> {
  const files: NamedText[] = [];
  for (const chart of fileCharts(report)) {
    if (formats.has("svg")) {
      files.push([join(CHARTS, `${chart.id}.svg`), await chartSvg(still(chart))]);
    }
    if (formats.has("vega-lite")) {
      const spec = standalone(chart);
      files.push([join(CHARTS, `${chart.id}.vl.json`), `${JSON.stringify(spec, undefined, 1)}\n`]);
    }
  }
  return files;
}

function print(report: Report): void {
  const { title, headline, conclusions } = reportConclusions(report);
  const paragraphs = [
    title,
    headline,
    ...conclusions.map(({ topic, sentences }) => `${topic}: ${sentences.join(" ")}`),
  ];
  process.stdout.write(`\n${paragraphs.map(cleaned).join("\n\n")}\n\n`);
}

/** The formats named, or all. Fails: InputError on one that does not exist. */
function formatsOf(text: string | undefined): ReadonlySet<Format> {
  if (text === undefined) return new Set(FORMATS);
  const names = text.split(",").map((name) => name.trim());
  return new Set(
    names.map((name) => {
      const found = FORMATS.find((format) => format === name);
      if (found !== undefined) return found;
      const meant = nearest(name, FORMATS);
      const hint = meant === undefined ? "" : `; did you mean '${meant}'?`;
      throw new InputError(`--format: there is no '${name}' (${FORMATS.join(", ")})${hint}`);
    }),
  );
}
