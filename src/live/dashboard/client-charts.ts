/**
 * The part of the dashboard's script that draws: turns slices and the newest status into the rows each chart wants, and hands
 * them to its Vega view. Missing values stay missing: a line breaks where nothing was measured. Plain JavaScript.
 */

/** Declares `setup`, `element`, `format`, `tenantColour`, `drawCharts` and `updateCharts`; needs `interpreter` and `vega`. */
export const CHARTS_SCRIPT = `
const setup = JSON.parse(document.getElementById("setup").textContent);
const byId = (id) => document.getElementById(id);
const tenantColour = (index) => "var(--c" + (index % 8) + ")";
const LINES = 6;
const BARS = 12;
const KINDS = [
  ["gpu", "GPU time", "var(--c0)"], ["idle", "Idle time", "var(--c4)"], ["input", "Input", "var(--c1)"],
  ["cached-input", "Cached input", "var(--c5)"], ["output", "Output", "var(--c2)"], ["adapter", "Adapters", "var(--c3)"],
];
const SPANS = [[60, 15], [120, 30], [300, 60], [600, 120]];

const trimmed = (value, digits) => {
  const text = value >= 1000 ? Math.round(value).toString() : value.toPrecision(digits);
  const plain = text.includes("e") ? String(Number(text)) : text;
  const [whole, rest] = plain.split(".");
  const grouped = whole.replace(/(?=(\\d{3})+$)(?!^)/g, ",");
  return rest === undefined ? grouped : grouped + "." + rest;
};
const format = {
  ms: (ms) => ms === null || ms === undefined ? "\\u2014" : ms === 0 ? "0 ms" : ms >= 60000 ? trimmed(ms / 60000, 3) + " min" : ms >= 1000 ? trimmed(ms / 1000, 3) + " s" : trimmed(ms, 3) + " ms",
  limit: (ms) => ms >= 60000 ? ms / 60000 + " min" : ms >= 1000 ? ms / 1000 + " s" : ms + " ms",
  count: (value) => value === null || value === undefined ? "\\u2014" : trimmed(Math.round(value), 15).replace(/\\.0+$/, ""),
  rate: (value) => value === 0 ? "0" : trimmed(value, 3),
  usd: (usd) => usd === 0 ? "$0" : usd < 0.000001 ? "<$0.000001" : "$" + (usd >= 100 ? trimmed(usd, 5) : usd >= 1 ? usd.toFixed(2) : Number(usd.toPrecision(3)).toFixed(Math.min(8, 2 - Math.floor(Math.log10(usd))))),
  share: (share) => {
    if (share === null) return "\\u2014";
    if (share === 0 || share === 1) return share * 100 + " %";
    const text = (share * 100).toFixed(share > 0.99 ? 2 : 1);
    return (text === "100.00" ? ">99.99" : text === "0.0" ? "<0.1" : text) + " %";
  },
  objective: (share) => Number((share * 100).toPrecision(8)) + " %",
  since: (s) => s < 60 ? Math.floor(s) + " s" : s < 3600 ? Math.floor(s / 60) + " min " + Math.floor(s % 60) + " s" : Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min",
};

const element = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") for (const [property, text] of Object.entries(value)) made.style.setProperty(property, text);
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
};
const swatch = (colour) => element("i", { class: "swatch", style: { background: colour } });

const place = (event, tip) => {
  const root = document.documentElement;
  const box = tip.getBoundingClientRect();
  const point = event.touches && event.touches.length > 0 ? event.touches[0] : event;
  const right = point.clientX + 14 + box.width < root.clientWidth;
  const left = right ? point.clientX + 14 : Math.max(6, point.clientX - box.width - 14);
  const top = Math.min(point.clientY + 14, root.clientHeight - box.height - 6);
  tip.style.transform = "translate(" + Math.round(left) + "px," + Math.round(Math.max(6, top)) + "px)";
};
const tooltip = (_handler, event, _item, value) => {
  const tip = byId("tip");
  tip.hidden = !value || !Array.isArray(value.tip);
  if (tip.hidden) return;
  const rows = value.tip.map(([name, text]) => element("tr", {}, element("td", {}, name), element("td", {}, text)));
  tip.replaceChildren(element("table", {}, element("tbody", {}, ...rows)));
  place(event, tip);
};

const views = new Map();
/** The chart under the mouse stands still while it is read. */
let pointedAt = null;
const watchPointer = (id) => {
  const container = byId("chart-" + id);
  container.addEventListener("pointerenter", ({ pointerType }) => { if (pointerType === "mouse") pointedAt = id; });
  container.addEventListener("pointerleave", () => { if (pointedAt === id) pointedAt = null; byId("tip").hidden = true; });
};
const drawCharts = async () => {
  for (const chart of setup.charts) {
    const view = new vega.View(vega.parse(chart.spec, null, { ast: true }), {
      renderer: "svg", container: byId("chart-" + chart.id), expr: interpreter, logLevel: vega.Error,
    });
    await view.tooltip(tooltip).runAsync();
    views.set(chart.id, view);
    watchPointer(chart.id);
  }
};

const lineSeries = (label, colour, values, text, width) => ({ label, colour, values, text, width });
const ttftSeries = (chart, { status, slices }) => {
  const tier = status.tiers[chart.tier];
  const members = status.tenants.filter((one) => one.tier === tier.name);
  const whole = members.length === 1 ? members[0].name : "All of " + tier.name;
  const shown = members.length === 1 ? [] : members.slice(0, LINES).sort((a, b) => a.index - b.index);
  const p99 = slices.map((slice) => new Map(slice.ttftMsP99ByTenant));
  // The tier first: its wide line lies under those of its tenants.
  return [
    lineSeries(whole, setup.tierColours[chart.tier], slices.map((slice) => slice.tiers[chart.tier].ttftMsP99), format.ms, members.length === 1 ? 2 : 4),
    ...shown.map(({ name, index }) => lineSeries(name, tenantColour(index), p99.map((one) => one.get(index) ?? null), format.ms, 1.5)),
  ];
};
const tierSeries = ({ status, slices }, value, text) =>
  status.tiers.map(({ name }, tier) => lineSeries(name, setup.tierColours[tier], slices.map((slice) => value(slice.tiers[tier])), text, 1.5));
const summed = (slices, field) => slices.map(({ tiers }) => tiers.reduce((sum, tier) => sum + tier[field], 0) / setup.sliceS);
const perSecond = (value) => format.rate(value) + "/s";

const seriesOf = (chart, state) => {
  const ended = { ...state, slices: state.slices.slice(0, -1) };
  switch (chart.kind) {
    case "ttft": return ttftSeries(chart, state);
    case "queued": return tierSeries(state, (tier) => tier.queued, format.count);
    case "running": return tierSeries(state, (tier) => tier.running, format.count);
    case "tokens": return tierSeries(ended, (tier) => tier.outputTokens / setup.sliceS, perSecond);
    default: return [
      lineSeries("Arrived", setup.colours.quiet, summed(ended.slices, "arrived"), perSecond, 1.5),
      lineSeries("Completed", "var(--c0)", summed(ended.slices, "completed"), perSecond, 1.75),
      lineSeries("Rejected", "var(--c1)", summed(ended.slices, "rejected"), perSecond, 1.75),
    ];
  }
};

const legend = (id, entries) => {
  byId("legend-" + id).replaceChildren(...entries.map(([label, colour]) => element("li", {}, swatch(colour), label)));
};
/** Says in words what an empty chart would leave open. */
const showNone = (id, words) => {
  byId("none-" + id).hidden = words === null;
  byId("none-" + id).textContent = words ?? "";
  byId("chart-" + id).classList.toggle("empty", words !== null);
};

const targetOf = (chart, { status }) => {
  const target = chart.kind === "ttft" ? status.tiers[chart.tier].targets.find((one) => one.metric === "ttft") : undefined;
  return target === undefined ? [] : [{ value: target.limitMs, label: "target P" + target.percentile + " " + format.limit(target.limitMs) }];
};

const timeRows = (series, slices, nowS) => {
  const endS = (slice) => Math.min(0, (slice.index + 1) * setup.sliceS - nowS);
  const points = [];
  const dots = [];
  for (const [place, { colour, values, width }] of series.entries()) {
    for (const [index, value] of values.entries()) {
      const row = { x: endS(slices[index]), value, series: "s" + place, place, colour, width };
      points.push(row);
      const isAlone = value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
      if (isAlone) dots.push(row);
    }
  }
  const shown = slices.slice(0, series.length === 0 ? 0 : series[0].values.length).map((slice, index) => ({
    x: endS(slice) - setup.sliceS, x2: endS(slice),
    tip: [
      ["", "until " + (endS(slice) > -1 ? "now" : format.since(-endS(slice)) + " ago")],
      ...series.map(({ label, values, text }) => [label, values[index] === null ? "\\u2014" : text(values[index])]),
    ],
  }));
  return { points, dots, slices: shown };
};

const updateTime = async (chart, state) => {
  const view = views.get(chart.id);
  const series = seriesOf(chart, state);
  const rows = timeRows(series, state.slices, state.status.atS);
  const isEmpty = !rows.points.some(({ value }) => value !== null);
  showNone(chart.id, !isEmpty ? null : chart.kind === "ttft" ? "Nobody of this tier got a first token in this time." : "Nothing to show yet.");
  legend(chart.id, series.map(({ label, colour }) => [label, colour]));
  if (isEmpty) return;
  const ageS = state.status.atS - state.slices[0].index * setup.sliceS;
  const [spanS, tickS] = SPANS.find(([span]) => ageS <= span) ?? SPANS[SPANS.length - 1];
  const ticks = Array.from({ length: Math.floor(spanS / tickS) + 1 }, (_, index) => (index === 0 ? 0 : -index * tickS));
  view.signal("span", spanS).signal("ticks", ticks).data("points", rows.points).data("slices", rows.slices);
  if (chart.kind === "ttft" || chart.kind === "flow") view.data("dots", rows.dots);
  await view.data("target", targetOf(chart, state)).runAsync();
};

const updateCost = async (chart, { status }) => {
  const view = views.get(chart.id);
  const paying = status.tenants.filter(({ costUsdTotal }) => costUsdTotal > 0).sort((a, b) => b.costUsdTotal - a.costUsdTotal || a.index - b.index);
  showNone(chart.id, paying.length > 0 ? null : "Nobody has been charged anything yet.");
  const used = KINDS.filter(([kind]) => paying.some(({ costUsd }) => costUsd[kind] > 0));
  legend(chart.id, used.map(([, label, colour]) => [label, colour]));
  if (paying.length === 0) return;
  const shown = paying.slice(0, BARS).map(({ name, costUsd, costUsdTotal }) => ({ name, costUsd, costUsdTotal }));
  const rest = paying.slice(BARS);
  if (rest.length > 0) {
    const costUsd = Object.fromEntries(KINDS.map(([kind]) => [kind, rest.reduce((sum, one) => sum + one.costUsd[kind], 0)]));
    shown.push({ name: rest.length + " others", costUsd, costUsdTotal: rest.reduce((sum, one) => sum + one.costUsdTotal, 0) });
  }
  const points = shown.flatMap(({ name, costUsd, costUsdTotal }, place) => used.map(([kind, , colour], order) => ({
    tenant: name, value: costUsd[kind], colour, kind: order, place,
    tip: [[name, format.usd(costUsdTotal)], ...used.map(([other, label]) => [label, format.usd(costUsd[other])])],
  })));
  await view.height(shown.length * 28).data("points", points).runAsync();
};

const updateCharts = async (state) => {
  for (const chart of setup.charts) {
    if (chart.id === pointedAt) continue;
    await (chart.kind === "cost" ? updateCost(chart, state) : updateTime(chart, state));
  }
};
`;
