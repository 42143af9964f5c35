/**
 * The report as one HTML file: words, tables, and the charts as compiled Vega specifications with the runtime inlined. It
 * asks the network for nothing, and says so to the browser in a content policy, so that it can be mailed, archived and
 * opened from a folder.
 */
import { compile } from "vega-lite";
import { assert } from "../../base/assert.ts";
import type { Chart } from "../charts/frame.ts";
import { chartsIn, type ReportDocument } from "../document.ts";
import { CLIENT_SCRIPT } from "./client.ts";
import { escapeHtml, inlineJson, inlineScript } from "./escape.ts";
import { renderHead, renderSection } from "./render.ts";
import { styleSheet } from "./style.ts";

interface PageOptions {
  /** Text of the Vega runtime as a classic script, from vega/build/vega.min.js. */
  readonly vegaSource: string;
  readonly tenantryVersion: string;
  /** Where the figures come from, for the foot of the page. */
  readonly origin: string;
}

/** No network, no frames, no plugins; the inlined scripts, and Vega's compiled expressions, may run. */
const CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:; base-uri 'none'; form-action 'none'";

/** Renders any document as a page. */
export function htmlPage(document: ReportDocument, options: PageOptions): string {
  const { vegaSource, tenantryVersion: version, origin } = options;
  assert(vegaSource.length > 0, "the page needs the source of the Vega runtime");
  const title = escapeHtml(document.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<meta name="generator" content="Tenantry ${escapeHtml(version)}">
<title>${title} · Tenantry</title>
<link rel="icon" href="data:,">
<style>${styleSheet()}</style>
</head>
<body>
${renderHead(document, version)}
<main class="wrap">
${document.sections.map(renderSection).join("\n")}
</main>
<footer class="wrap">Tenantry ${escapeHtml(version)}, ${escapeHtml(origin)}</footer>
<div id="tip" role="tooltip" hidden></div>
${scripts(document, vegaSource)}
</body>
</html>
`;
}

function scripts(document: ReportDocument, vegaSource: string): string {
  const charts = chartsIn(document);
  if (charts.length === 0) return "";
  return `<script type="application/json" id="chart-specs">${inlineJson(charts.map(compiled))}</script>
<script>${inlineScript(vegaSource)}</script>
<script>${inlineScript(CLIENT_SCRIPT)}</script>`;
}

function compiled({ id, spec }: Chart): { readonly id: string; readonly spec: unknown } {
  return { id, spec: compile(spec).spec };
}
