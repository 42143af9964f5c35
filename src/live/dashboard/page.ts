/**
 * The dashboard as one page: style, charts and script in it, figures over one authenticated stream. Its content policy names
 * every script and style by hash, allows no eval, and lets it talk to this server only. The page itself holds nothing
 * of the platform but names of tiers; whatever else it shows comes after the admin key was accepted.
 */
import { createHash } from "node:crypto";
import type { PlatformConfig } from "../../engine/config.ts";
import { PAGE_PALETTE } from "../../report/charts/palette.ts";
import { escapeHtml, inlineJson, inlineScript } from "../../report/html/escape.ts";
import { MOST_SLICES, SLICE_S } from "../observe/recent.ts";
import { type LiveChart, liveCharts, tierColours } from "./charts.ts";
import { CHARTS_SCRIPT } from "./client-charts.ts";
import { INTERPRETER_SCRIPT } from "./client-interpreter.ts";
import { PANELS_SCRIPT } from "./client-panels.ts";
import { STREAM_SCRIPT } from "./client-stream.ts";
import { dashboardStyle } from "./style.ts";

export interface DashboardPage {
  readonly html: string;
  /** Value of the Content-Security-Policy header. */
  readonly contentPolicy: string;
}

/** `vegaSource`: text of the Vega runtime as a classic script, from vega/build/vega.min.js. */
export function dashboardPage(platform: PlatformConfig, vegaSource: string): DashboardPage {
  const charts = liveCharts(platform);
  const style = dashboardStyle();
  const scripts = [
    inlineScript(vegaSource),
    inlineScript(
      `(() => {\n"use strict";\n${INTERPRETER_SCRIPT}${CHARTS_SCRIPT}${PANELS_SCRIPT}${STREAM_SCRIPT}})();\n`,
    ),
  ];
  const setup = {
    charts,
    sliceS: SLICE_S,
    mostSlices: MOST_SLICES,
    tierColours: tierColours(platform),
    colours: { quiet: PAGE_PALETTE["ink-3"], ink: PAGE_PALETTE.ink, good: PAGE_PALETTE.good },
  };
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>Tenantry, live</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
${BODY_HEAD}
<main class="wrap" id="live" hidden>
${SECTIONS_BEFORE}
<div class="charts">
${charts.map(figure).join("\n")}
</div>
${SECTIONS_AFTER}
</main>
<div id="tip" role="tooltip" hidden></div>
<noscript><p class="wrap">This page draws what the server streams to it and needs JavaScript; the same figures are at /metrics.</p></noscript>
<script type="application/json" id="setup">${inlineJson(setup)}</script>
${scripts.map((script) => `<script>${script}</script>`).join("\n")}
</body>
</html>
`;
  return { html, contentPolicy: contentPolicy(scripts, style) };
}

function contentPolicy(scripts: readonly string[], style: string): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map(hash).join(" ")}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function hash(text: string): string {
  return `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
}

function figure({ id, title, note }: LiveChart): string {
  return `<figure id="figure-${id}">
<h3>${escapeHtml(title)}</h3>
<ul class="legend" id="legend-${id}"></ul>
<div class="plot"><div class="chart" id="chart-${id}"></div><p class="none" id="none-${id}" hidden></p></div>
<figcaption>${escapeHtml(note)}</figcaption>
</figure>`;
}

const BODY_HEAD = `<header class="top"><div class="wrap">
<div class="brand"><b>Tenantry</b> <span id="host"></span></div>
<p class="state" id="state" role="status" data-state="waiting"><i></i><span id="state-text">Not connected</span></p>
<button type="button" id="leave" hidden>Forget the key</button>
</div></header>
<form class="wrap" id="gate" autocomplete="off">
<h1>Live dashboard</h1>
<p id="gate-text">It shows every tenant’s traffic and bill, so it needs the admin key. The key stays in this tab and is sent to this server only.</p>
<label for="key">Admin key</label>
<div class="row"><input id="key" type="password" required autocomplete="off" spellcheck="false"><button type="submit">Connect</button></div>
</form>`;

const SECTIONS_BEFORE = `<section class="tiles" id="tiles" aria-label="Now"></section>
<section class="cards" id="tiers" aria-label="Tiers"></section>
<p class="quiet below">Kept: the share of requests within every target since the start, of those done (completed), of those owed (refused for want of room, failed or given up count as missed; the objective is held against this), and of all.</p>
<h2>Over the last minutes</h2>`;

const SECTIONS_AFTER = `<h2>Replicas, and who runs where</h2>
<p class="quiet" id="replicas-note"></p>
<section class="replicas" id="replicas"></section>
<h2>Tenants</h2>
<div class="table"><div class="scroll"><table id="tenants"><thead></thead><tbody></tbody></table></div><p class="note" id="tenants-note"></p></div>
<h2>Noisy neighbours and outages</h2>
<ol class="events" id="events"></ol>`;
