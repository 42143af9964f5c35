/**
 * The report as Markdown: the page's words and tables, with pictures of its charts, or sparklines where there are none. Names
 * are escaped, so that they can neither break a table nor be taken for markup or HTML.
 */
import { unreachable } from "../base/assert.ts";
import type { Chart } from "./charts/frame.ts";
import type { Block, Conclusion, ReportDocument } from "./document.ts";
import { withCode } from "./inline.ts";
import type { Column, Table } from "./table.ts";
import { VERDICT_WORDS } from "./verdict.ts";

/** Renders a document; with `pictures`, a folder that holds each chart as <id>.svg, its charts are shown. */
export function markdownOf(document: ReportDocument, pictures?: string): string {
  const sections = document.sections.flatMap((section) => {
    const blocks = section.blocks.flatMap((block) => renderBlock(block, pictures));
    return blocks.length === 0 ? [] : [`## ${escapeMarkdown(section.title)}`, ...blocks];
  });
  return `${[...head(document), ...sections].join("\n\n")}\n`;
}

/** Makes a text plain in Markdown: no markup, no HTML, no table cell's end. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/[\\`*_[\]|~#]/g, "\\$&");
}

function head(document: ReportDocument): readonly string[] {
  const facts = document.facts.map(([label, value]) => `${label}: ${escapeMarkdown(value)}`);
  return [
    `# ${escapeMarkdown(document.title)}`,
    ...(document.question === "" ? [] : [escapeMarkdown(document.question)]),
    `**${escapeMarkdown(document.headline)}**`,
    document.verdicts.map(verdictItem).join("\n"),
    ...document.conclusions.map(conclusionItem),
    document.figures.map(figureItem).join("\n"),
    facts.join(" · "),
  ].filter((part) => part !== "");
}

function verdictItem(verdict: ReportDocument["verdicts"][number]): string {
  const targets = verdict.targets.map(
    (target) => `  - ${escapeMarkdown(target.text)}: ${VERDICT_WORDS[target.verdict]}`,
  );
  const first = `- **${escapeMarkdown(verdict.tier)}: ${VERDICT_WORDS[verdict.verdict]}.** ${escapeMarkdown(verdict.compliance)}`;
  return [first, ...targets].join("\n");
}

function figureItem(figure: ReportDocument["figures"][number]): string {
  const values = figure.values.map((one) =>
    escapeMarkdown(one.name === undefined ? one.value : `${one.value} ${one.name}`),
  );
  return `- **${escapeMarkdown(figure.label)}:** ${values.join(", ")}. ${escapeMarkdown(figure.detail)}`;
}

function conclusionItem({ topic, sentences }: Conclusion): string {
  return `**${escapeMarkdown(topic)}.** ${sentences.map(sentence).join(" ")}`;
}

function sentence(text: string): string {
  return withCode(text, escapeMarkdown, (code) => `\`${code}\``);
}

function renderBlock(block: Block, pictures: string | undefined): readonly string[] {
  switch (block.kind) {
    case "text":
      return [escapeMarkdown(block.text)];
    case "code":
      return [`\`\`\`\n${block.text}\n\`\`\``];
    case "table":
      return renderTable(block.table);
    case "sparklines":
      return pictures === undefined ? renderTable(block.table) : [];
    case "charts":
      return pictures === undefined
        ? []
        : block.charts.flatMap((chart) => renderPicture(chart, pictures));
    case "definitions":
      return [
        "### How each figure is defined",
        block.definitions
          .map((one) => `- **${escapeMarkdown(one.term)}**: ${escapeMarkdown(one.meaning)}`)
          .join("\n"),
      ];
    default:
      return unreachable(block);
  }
}

function renderPicture({ id, title, note }: Chart, pictures: string): readonly string[] {
  return [`![${escapeMarkdown(title)}](${pictures}/${id}.svg)`, escapeMarkdown(note)];
}

function renderTable(table: Table): readonly string[] {
  const header = row(table.columns.map((column) => column.label));
  const rule = `|${table.columns.map(ruleOf).join("|")}|`;
  const rows = table.rows.map((cells) => row(cells.map((one) => one.text)));
  const note = table.note === undefined ? [] : [escapeMarkdown(table.note)];
  return [`### ${escapeMarkdown(table.title)}`, [header, rule, ...rows].join("\n"), ...note];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(escapeMarkdown).join(" | ")} |`;
}

function ruleOf(column: Column): string {
  return column.align === "right" ? "---:" : ":---";
}
