/**
 * The document's parts as HTML. Every text goes through escapeHtml here and nowhere else; colours come from the palette,
 * never from the input.
 */
import { unreachable } from "../../base/assert.ts";
import type { Chart } from "../charts/frame.ts";
import type { Definition } from "../definitions.ts";
import type { Block, Conclusion, ReportDocument, Section, TierVerdict } from "../document.ts";
import type { FigureValue, KeyFigure } from "../figures.ts";
import { withCode } from "../inline.ts";
import type { Cell, Column, Table, Tone } from "../table.ts";
import { capital, VERDICT_WORDS, type Verdict } from "../verdict.ts";
import { escapeHtml } from "./escape.ts";

const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  met: "good",
  missed: "bad",
  "not-enough-data": "muted",
};
const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  met: "✓",
  missed: "✗",
  "not-enough-data": "?",
};

/** A cell with more characters than this may be cut on the page, so hovering shows it whole. */
const CUT_TEXT = 20;

/** Title, question, headline, facts, verdicts per tier, key figures and the links to the sections. */
export function renderHead(document: ReportDocument, version: string): string {
  const question =
    document.question === "" ? "" : `<p class="question">${escapeHtml(document.question)}</p>`;
  const facts = document.facts.map(
    ([label, value]) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  const links = document.sections.map(
    ({ id, title }) => `<a href="#${id}">${escapeHtml(title)}</a>`,
  );
  return `<header class="top"><div class="wrap">
<div class="brand"><b>Tenantry</b><span>version ${escapeHtml(version)}</span></div>
<h1>${escapeHtml(document.title)}</h1>
${question}
<p class="headline">${prose(document.headline)}</p>
<dl class="facts">${facts.join("")}</dl>
</div></header>
<div class="wrap">
${renderVerdicts(document.verdicts)}
${renderConclusions(document.conclusions)}
${renderFigures(document.figures)}
</div>
<nav class="toc" aria-label="Sections"><div class="wrap">${links.join("")}</div></nav>`;
}

export function renderSection(section: Section): string {
  return `<section><h2 id="${section.id}">${escapeHtml(section.title)}</h2>${section.blocks.map(renderBlock).join("\n")}</section>`;
}

function renderVerdicts(verdicts: readonly TierVerdict[]): string {
  return verdicts.length === 0
    ? ""
    : `<section class="cards" aria-label="Verdict per tier">${verdicts.map(renderVerdict).join("")}</section>`;
}

function renderVerdict(verdict: TierVerdict): string {
  const targets = verdict.targets.map(
    (target) =>
      `<li><i class="${VERDICT_TONES[target.verdict]}">${VERDICT_MARKS[target.verdict]}</i>${prose(target.text)}</li>`,
  );
  return `<article class="card tier" style="--tier:${verdict.colour}">
<div class="tier-head"><h3>${escapeHtml(verdict.tier)}</h3><span class="pill ${VERDICT_TONES[verdict.verdict]}">${capital(VERDICT_WORDS[verdict.verdict])}</span></div>
<ul class="targets">${targets.join("")}</ul>
<p class="small">${prose(verdict.compliance)}</p>
</article>`;
}

function renderFigures(figures: readonly KeyFigure[]): string {
  return figures.length === 0
    ? ""
    : `<section class="figures" aria-label="Key figures">${figures.map(renderFigure).join("")}</section>`;
}

function renderConclusions(conclusions: readonly Conclusion[]): string {
  if (conclusions.length === 0) return "";
  const items = conclusions.map(
    ({ topic, sentences }) =>
      `<div><dt>${escapeHtml(topic)}</dt><dd>${sentences.map(sentence).join(" ")}</dd></div>`,
  );
  return `<section class="card conclusions" aria-label="Conclusions"><dl>${items.join("\n")}</dl></section>`;
}

function sentence(text: string): string {
  return withCode(text, prose, (code) => `<code>${escapeHtml(code)}</code>`);
}

/** Text in which no line ends between a number and its unit. */
function prose(text: string): string {
  return escapeHtml(text).replace(
    /\d[\d.,]* (%|ms|s|min|h|d|GPUs?|months?|requests)(?!\w)( \d+ (s|min|h)(?!\w))?/g,
    (amount) => `<span class="nb">${amount}</span>`,
  );
}

function renderFigure(figure: KeyFigure): string {
  const broad = figure.values.length > 2 ? " broad" : "";
  return `<article class="card figure${broad}" title="${escapeHtml(figure.hint)}">
<h3>${escapeHtml(figure.label)}</h3>
<div class="values">${figure.values.map(renderValue).join("")}</div>
<p class="small">${prose(figure.detail)}</p>
</article>`;
}

function renderValue({ value, name, share }: FigureValue): string {
  const width = share === undefined ? 0 : Math.min(100, Math.max(0, share * 100));
  const bar =
    share === undefined ? "" : `<div class="bar"><i style="width:${width.toFixed(1)}%"></i></div>`;
  const label = name === undefined ? "" : `<span>${escapeHtml(name)}</span>`;
  return `<div class="value"><b>${escapeHtml(value)}</b>${bar}${label}</div>`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "text":
      return `<p>${prose(block.text)}</p>`;
    case "code":
      return `<pre>${escapeHtml(block.text)}</pre>`;
    case "table":
      return renderTable(block.table);
    case "sparklines":
      return "";
    case "charts":
      return `<div class="charts">${block.charts.map(renderChart).join("\n")}</div>`;
    case "definitions":
      return renderDefinitions(block.definitions);
    default:
      return unreachable(block);
  }
}

function renderTable(table: Table): string {
  const head = table.columns.map(
    (column) =>
      `<th scope="col"${classOf(column, "")}${titleOf(column.hint)}>${escapeHtml(column.label)}</th>`,
  );
  const rows = table.rows.map(
    (cells) =>
      `<tr>${cells.map((one, index) => renderCell(one, table.columns[index], index)).join("")}</tr>`,
  );
  const note =
    table.note === undefined ? "" : `<p class="small note">${escapeHtml(table.note)}</p>`;
  const label = escapeHtml(table.title);
  return `<div class="table"><h3>${label}</h3><div class="scroll" tabindex="0" role="region" aria-label="${label}"><table>
<thead><tr>${head.join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody>
</table></div>${note}</div>`;
}

function renderCell(one: Cell, column: Column | undefined, index: number): string {
  const swatch =
    one.swatch === undefined ? "" : `<span class="swatch" style="background:${one.swatch}"></span>`;
  const tone = one.tone === "plain" ? "" : one.tone;
  const text = `${swatch}${escapeHtml(one.text)}`;
  const isProse = column?.isProse === true;
  const isCut = one.text.length > CUT_TEXT && !isProse;
  const title = titleOf(one.hint ?? (isCut ? one.text : undefined));
  if (index === 0) return `<th scope="row"${title}>${text}</th>`;
  return `<td${classOf(column, isProse ? `${tone} prose`.trim() : tone)}${title}>${text}</td>`;
}

function renderChart(chart: Chart): string {
  const legend = chart.legend.map(
    ({ label, colour, glyph, opacity = 1 }) =>
      `<li>${glyph === undefined ? `<i class="square" style="background:${colour};opacity:${opacity}"></i>` : `<i style="color:${colour}">${glyph}</i>`}${escapeHtml(label)}</li>`,
  );
  return `<figure>
<h3>${escapeHtml(chart.title)}</h3>
<ul class="legend">${legend.join("")}</ul>
<div class="chart" id="chart-${chart.id}"><noscript>Charts need JavaScript; the tables hold the same figures.</noscript></div>
<figcaption>${escapeHtml(chart.note)}</figcaption>
</figure>`;
}

function renderDefinitions(definitions: readonly Definition[]): string {
  const items = definitions.map(
    ({ term, meaning }) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(meaning)}</dd>`,
  );
  return `<h3>How each figure is defined</h3><dl class="defs">${items.join("")}</dl>`;
}

function classOf(column: Column | undefined, more: string): string {
  const classes = [column?.align === "right" ? "r" : "", more].filter((name) => name !== "");
  return classes.length === 0 ? "" : ` class="${classes.join(" ")}"`;
}

function titleOf(hint: string | undefined): string {
  return hint === undefined ? "" : ` title="${escapeHtml(hint)}"`;
}
