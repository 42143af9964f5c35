/**
 * The report as Markdown: the page's words and tables, with sparklines where the page has charts. Names are escaped, so
 * that they can neither break a table nor be taken for markup or HTML.
 */
import { unreachable } from "../base/assert.ts";
import type { Results } from "../results/results.ts";
import { LIGHT } from "./charts/palette.ts";
import { reportDocument, type Block, type ReportDocument } from "./document.ts";
import type { Column, Table } from "./table.ts";
import { VERDICT_WORDS } from "./verdict.ts";

/** Renders report.md. */
export function markdownReport(results: Results): string {
  return markdownOf(reportDocument(results, { palette: LIGHT, hasLegend: false }));
}

/** Renders any document as Markdown. */
export function markdownOf(document: ReportDocument): string {
  const sections = document.sections.flatMap((section) => {
    const blocks = section.blocks.flatMap(renderBlock);
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

function renderBlock(block: Block): readonly string[] {
  switch (block.kind) {
    case "text":
      return [escapeMarkdown(block.text)];
    case "code":
      return [`\`\`\`\n${block.text}\n\`\`\``];
    case "table":
    case "sparklines":
      return renderTable(block.table);
    case "charts":
      return [];
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
