/** The forms of a profile: a page with charts that needs nothing else, Markdown, and tables for a terminal. */
import type { ProfileView } from "../../profile/view.ts";
import type { Profile, Range } from "../../scenario/profile-file.ts";
import type { ChartStyle } from "../charts/frame.ts";
import { LIGHT, PAGE_PALETTE } from "../charts/palette.ts";
import type { Block, ReportDocument } from "../document.ts";
import type { KeyFigure } from "../figures.ts";
import { formatCount, formatMs, formatNumber, formatShare } from "../format.ts";
import { htmlPage } from "../html/page.ts";
import { markdownOf } from "../markdown.ts";
import { cell, left, right, type Table } from "../table.ts";
import { capital } from "../verdict.ts";
import { profileCharts } from "./charts.ts";
import { errorTable } from "./tables.ts";

/** A profile, what is drawn of it, and what it is set beside. */
export interface ShownProfile {
  readonly profile: Profile;
  readonly view: ProfileView;
  /** The catalogue's hardware, in words; or why there is none. */
  readonly beside: string;
  readonly tenantryVersion: string;
}

const PS_PER_NS = 1000;
const US_PER_MS = 1000;
const PS_PER_MS = 1e9;

/** Renders profile.html. */
export function profileHtml(shown: ShownProfile, vegaSource: string): string {
  const document = profileDocument(shown, { palette: PAGE_PALETTE });
  return htmlPage(document, {
    vegaSource,
    tenantryVersion: shown.tenantryVersion,
    origin: "measured step times and what was fitted to them.",
  });
}

/** Renders profile.md. */
export function profileMarkdown(shown: ShownProfile): string {
  return markdownOf(profileDocument(shown, { palette: LIGHT }));
}

function profileDocument(shown: ShownProfile, style: ChartStyle): ReportDocument {
  const { profile, view } = shown;
  const charts = profileCharts(view, style);
  const sections = [
    {
      id: "times",
      title: "Step times",
      blocks: charts.length === 0 ? [] : [{ kind: "charts" as const, charts }],
    },
    {
      id: "errors",
      title: "Errors",
      blocks: [text(shown.beside), { kind: "table" as const, table: pageErrorTable(view) }],
    },
    {
      id: "profile",
      title: "What was fitted",
      blocks: [
        { kind: "table" as const, table: curveTable(profile) },
        text(slopesSentence(profile)),
      ],
    },
    { id: "notes", title: "What to know", blocks: noteBlocks(profile) },
  ];
  return {
    title: `Step times of ${nameOf(profile)}`,
    question: "",
    headline: headlineOf(view),
    facts: factsOf(profile),
    verdicts: [],
    figures: figuresOf(view),
    conclusions: [],
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

function text(words: string): Block {
  return { kind: "text", text: words };
}

/** `llama-3.1-8b on 2 x h100-sxm`, as far as it was said. */
export function nameOf({ origin }: Profile): string {
  const { model = "a model", gpu, tensorParallel, source } = origin;
  if (origin.model === undefined && gpu === undefined) return source.file;
  const gpus = tensorParallel === undefined ? "" : `${tensorParallel} x `;
  return gpu === undefined ? model : `${model} on ${gpus}${gpu}`;
}

/** The errors in one sentence. */
export function headlineOf({ errors, models }: ProfileView): string {
  const said = models.flatMap((model, at) => {
    const own = errors[at] ?? [];
    const parts = own.map(({ phase, mean }) => `${formatShare(mean ?? null)} in ${phase} steps`);
    return parts.length === 0 ? [] : [`the ${model} is off by ${listed(parts)}`];
  });
  return said.length === 0
    ? "The file holds no measurements to compare with."
    : `On average ${said.join("; ")}.`;
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function factsOf({ origin }: Profile): readonly (readonly [string, string])[] {
  const { engine, precision, date, source } = origin;
  return [
    ["Measured", `${formatCount(source.steps)} steps (${source.format})`],
    ["From", source.file],
    ...(precision === undefined ? [] : [["Precision", precision] as const]),
    ...(engine === undefined ? [] : [["Engine", engine] as const]),
    ...(date === undefined ? [] : [["Date", date] as const]),
  ];
}

function figuresOf({ errors, models }: ProfileView): readonly KeyFigure[] {
  return (errors[0] ?? []).map(({ phase, rows }) => ({
    label: `${capital(phase)} steps`,
    values: models.flatMap((name, at) => {
      const error = errors[at]?.find((one) => one.phase === phase);
      return error === undefined ? [] : [{ value: formatShare(error.mean ?? null), name }];
    }),
    detail: `Mean error over ${formatCount(rows)} steps`,
    hint: "Mean of the absolute relative errors against the medians of like steps; steps far off the profile left out.",
  }));
}

function pageErrorTable({ models, errors }: ProfileView): Table {
  const sides = models.map((name, at) => ({ name, errors: errors[at] ?? [] }));
  const { head, rows } = errorTable("", sides);
  return {
    title: "Errors by phase",
    columns: head.map((label, at) => (at < 2 ? left(label) : right(label))),
    rows: rows.map((cells) => cells.map((one) => cell(one))),
    note: "Relative to the medians of like steps, each counted as often as it was measured. Far off: more than 1.5 times or less than 1/1.5 of what the profile says; the mean leaves these out, for both models. Bias: median of the signed errors, above 0 where the model is too slow.",
  };
}

function curveTable({ steps }: Profile): Table {
  const rows = [
    ...steps.decode.points.map(({ at, ps }) => ["Decode", counted(at, "sequence"), ps] as const),
    ...steps.prefill.points.map(({ at, ps }) => ["Prefill", counted(at, "token"), ps] as const),
  ];
  return {
    title: "Curves",
    columns: [left("Curve"), right("At"), right("Time")],
    rows: rows.map(([what, at, ps]) => [cell(what), cell(at), cell(formatMs(ps / PS_PER_MS))]),
    note: "A decode step without its context, and what prompt tokens add to a step; straight in between.",
  };
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** The slopes beside the curves. */
export function slopesSentence({ steps }: Profile): string {
  const context = formatNumber(steps.contextTokenPs / PS_PER_NS);
  // A million picoseconds are a microsecond.
  const pairs = formatMs(steps.pairPs / US_PER_MS);
  return `Beside the curves, each token of context that a decoding sequence reads takes ${context} ns, each prompt chunk ${formatMs(steps.chunkPs / PS_PER_MS)}, and each million query-key pairs of prompt attention ${pairs}.`;
}

/** What lies within the measurements, and what the import found. */
function noteBlocks(profile: Profile): readonly Block[] {
  const { leftOut } = profile.origin.source;
  return [
    text(rangeSentence(profile)),
    ...leftOut.map(({ rows, firstLine, reason }) =>
      text(`Left out ${formatCount(rows)}: ${reason} (the first on line ${firstLine}).`),
    ),
    ...profile.notes.map(text),
  ];
}

/** What was measured, and what happens beyond. */
export function rangeSentence({ measured }: Profile): string {
  const { decodes, contextPerDecode, prefillTokens } = measured;
  return `Measured: ${span(decodes)} decoding sequences with ${span(contextPerDecode)} tokens of context each, and ${span(prefillTokens)} prompt tokens. Beyond that, times are extrapolated along the last octave.`;
}

function span({ least, most }: Range): string {
  return `${formatCount(least)} to ${formatCount(most)}`;
}
