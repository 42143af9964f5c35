/**
 * The part of the dashboard's script that writes: tiles, tiers, replicas, tenants and events of the newest status. All text
 * reaches the page as text nodes, so no name can become markup. What is not known says so. Plain JavaScript.
 */

/** Declares `updatePanels`; needs what CHARTS_SCRIPT declares. */
export const PANELS_SCRIPT = `
/** As the engine has it: fewer requests than this say nothing about a P99. */
const ENOUGH = 100;

const tile = (label, value, note) =>
  element("div", { class: "card tile" }, element("h3", {}, label), element("b", {}, value), element("p", { class: "small" }, note));

const updateTiles = ({ status, slices }) => {
  const recent = slices.slice(0, -1).slice(-5);
  const seconds = recent.length * setup.sliceS;
  const rate = (field) => recent.length === 0 ? "\\u2014" : format.rate(recent.reduce((sum, { tiers }) => sum + tiers.reduce((part, tier) => part + tier[field], 0), 0) / seconds);
  const over = recent.length === 0 ? "after the first two seconds" : "over the last " + seconds + " s";
  const sum = (field) => status.tiers.reduce((total, tier) => total + tier[field], 0);
  const down = status.replicasProvisioned - status.replicasUp;
  const off = status.replicasInAll - status.replicasProvisioned;
  byId("tiles").replaceChildren(
    tile("Requests per second", rate("arrived"), "arriving, " + over),
    tile("Output tokens per second", rate("outputTokens"), "of ended requests, " + over),
    tile("In flight", format.count(status.requestsInFlight), format.count(sum("queued")) + " waiting, " + format.count(sum("running")) + " running"),
    tile("Replicas up", status.replicasUp + " of " + status.replicasProvisioned, (down === 0 ? "all of them" : down + " down or booting") + (off === 0 ? "" : ", " + off + " off")),
    tile("Charged so far", format.usd(status.costUsdTotal), "to " + format.count(status.tenantsInAll) + (status.tenantsInAll === 1 ? " tenant" : " tenants") + ", since the start"),
  );
};

const verdict = (tier) => {
  const target = tier.targets.find(({ metric }) => metric === "ttft");
  const { requests, ttftMsP99 } = tier.lastMinute;
  if (requests + tier.overdue === 0) return ["no traffic", "muted"];
  if (target === undefined || target.percentile !== 99) return ["no P99 target", "muted"];
  if (requests + tier.overdue < ENOUGH) return ["too few to judge", "muted"];
  const isLate = tier.overdue > (requests + tier.overdue) / 100;
  return !isLate && ttftMsP99 <= target.limitMs ? ["within target", "good"] : ["over target", "bad"];
};

const tierCard = (tier, place) => {
  const target = tier.targets.find(({ metric }) => metric === "ttft");
  const { requests, ttftMsP50, ttftMsP99 } = tier.lastMinute;
  const [words, tone] = verdict(tier);
  const share = target === undefined || ttftMsP99 === null ? null : ttftMsP99 / target.limitMs;
  const bar = share === null ? null : element("div", { class: "meter", title: "P99 against its target, which is the mark" },
    element("i", { class: share > 1 ? "over" : "", style: { width: Math.min(100, share * 75) + "%" } }), element("em", {}));
  const { met, metOfOwed, metOfAll, objective, completed } = tier.compliance;
  const fact = (name, value, tone) => element("div", {}, element("dt", {}, name), element("dd", tone === undefined ? {} : { class: tone }, value));
  return element("article", { class: "card tier", style: { "--tier": setup.tierColours[place] } },
    element("div", { class: "tier-head" }, element("h3", {}, tier.name), element("span", { class: "pill " + tone }, words)),
    element("p", { class: "big" }, element("b", {}, format.ms(ttftMsP99)), element("span", {}, target === undefined ? " P99, no target" : " P99, target P" + target.percentile + " " + format.limit(target.limitMs))),
    bar,
    element("p", { class: "small" }, requests === 0 ? "No first token in the last minute." : "Time to first token of " + format.count(requests) + (requests === 1 ? " request" : " requests") + " in the last minute; median " + format.ms(ttftMsP50) + "."),
    tier.overdue === 0 ? null : element("p", { class: "small bad" }, format.count(tier.overdue) + (tier.overdue === 1 ? " more has" : " more have") + " waited longer than the target already."),
    element("dl", { class: "grid" },
      fact("Waiting", format.count(tier.queued)), fact("Running", format.count(tier.running)),
      fact("Kept of done", format.share(met)), fact("Completed", format.count(completed)),
      fact("Kept of owed", format.share(metOfOwed), metOfOwed === null ? undefined : metOfOwed >= objective ? "good" : "bad"), fact("Objective", format.objective(objective)),
      fact("Kept of all", format.share(metOfAll))));
};

const replicaCard = (replica, names) => {
  const running = replica.runs.reduce((sum, { sequences }) => sum + sequences, 0);
  const parts = replica.runs.map(({ tenant, sequences }) => element("i", {
    style: { width: (100 * sequences) / replica.maxSequences + "%", background: tenantColour(tenant) },
  }));
  const who = replica.runs.length === 0 ? [replica.isUp ? "idle" : replica.state] : replica.runs.slice(0, 4).map(({ tenant, sequences }) =>
    element("span", { class: "who" }, swatch(tenantColour(tenant)), (names.get(tenant) ?? "tenant " + tenant) + " " + sequences));
  const more = replica.runs.length > 4 ? ["and " + (replica.runs.length - 4) + " more"] : [];
  const busy = replica.busyShare === null ? "" : "busy\\u00a0" + format.share(replica.busyShare);
  return element("div", { class: "card replica" + (replica.isUp ? "" : " down") },
    element("div", { class: "replica-head" }, element("h3", {}, replica.name), element("span", { class: { up: "good", down: "bad" }[replica.state] ?? "muted" }, replica.state)),
    element("div", { class: "slots", title: running + " of " + replica.maxSequences + " sequences" }, ...parts),
    element("p", { class: "small" }, ...who, ...more),
    element("p", { class: "small muted" }, [running + " of " + replica.maxSequences, "KV " + format.share(replica.kvBlocks === 0 ? 0 : replica.kvBlocksUsed / replica.kvBlocks), busy].filter((text) => text !== "").join(" \\u00b7 ")));
};

const updateReplicas = ({ status }) => {
  const names = new Map(status.tenants.map(({ index, name }) => [index, name]));
  byId("replicas").replaceChildren(...status.replicas.map((replica) => replicaCard(replica, names)));
  const left = status.replicasInAll - status.replicas.length;
  byId("replicas-note").textContent = "Bars are running sequences by tenant, out of the longest batch; busy counts since the second before." + (left > 0 ? " Showing " + status.replicas.length + " of " + status.replicasInAll + " replicas." : "");
};

const COLUMNS = ["Tenant", "Tier", "Waiting", "Running", "TTFT P50", "TTFT P99", "Target", "Targets kept", "Arrived", "Rejected", "Failed", "Tokens in", "Tokens out", "Charged", "Tokens today", "Limit"];
const tenantRow = (tenant) => {
  const ttft = tenant.targets.find(({ metric }) => metric === "ttft");
  const cell = (text, tone) => element("td", { class: "r" + (tone === undefined ? "" : " " + tone) }, text);
  const few = ttft === undefined ? "no target" : ttft.samples + " of " + ENOUGH;
  const measured = ttft === undefined || ttft.measuredMs === null ? cell(few, "muted") : cell(format.ms(ttft.measuredMs), ttft.verdict === "met" ? "good" : "bad");
  const { metOfOwed, objective } = tenant.compliance;
  const { used, limit } = tenant.quotas.tokensToday;
  return element("tr", {},
    element("th", { scope: "row", title: tenant.name }, swatch(tenantColour(tenant.index)), tenant.name), element("td", {}, tenant.tier),
    cell(format.count(tenant.queued)), cell(format.count(tenant.running)), cell(format.ms(tenant.ttftMsP50)), measured,
    cell(ttft === undefined ? "\\u2014" : format.limit(ttft.limitMs)),
    cell(format.share(metOfOwed), metOfOwed === null ? "muted" : metOfOwed >= objective ? "good" : "bad"),
    cell(format.count(tenant.arrived)), cell(format.count(tenant.rejected)), cell(format.count(tenant.failed)),
    cell(format.count(tenant.promptTokens)), cell(format.count(tenant.outputTokens)), cell(format.usd(tenant.costUsdTotal)),
    cell(format.count(used), limit !== null && used > limit ? "bad" : undefined), cell(limit === null ? "none" : format.count(limit)));
};
byId("tenants").tHead.replaceChildren(element("tr", {}, ...COLUMNS.map((name, place) => element("th", { scope: "col", class: place > 1 ? "r" : "" }, name))));

const updateTenants = ({ status }) => {
  byId("tenants").tBodies[0].replaceChildren(...status.tenants.map(tenantRow));
  const all = status.tenants.length === status.tenantsInAll ? "" : "Showing the " + status.tenants.length + " with most requests of " + status.tenantsInAll + ". ";
  byId("tenants-note").textContent = all + "TTFT over a tenant\\u2019s last 1,000 completed requests; with fewer than " + ENOUGH + " it is not judged, and the cell says how many there are. Targets kept is of what was owed since the start: a request refused for want of room, failed or given up was not kept. Tokens are those of ended requests.";
};

const WORDS = { "noisy-neighbour": ["noisy neighbour", "bad"], "noisy-neighbour-ended": ["quiet again", "good"], "mitigation-tightened": ["held back", "bad"], "mitigation-relaxed": ["hold relaxed", "good"], "mitigation-ended": ["hold ended", "good"], "replica-down": ["replica down", "bad"], "replica-up": ["replica up", "good"], "scale-out": ["scale out", "good"], "scale-in": ["scale in", "muted"], "replica-released": ["given back", "muted"], straggler: ["straggler", "bad"], "straggler-ended": ["recovered", "good"] };
const updateEvents = ({ status }) => {
  const items = status.events.map(({ atS, kind, message }) => {
    const [words, tone] = WORDS[kind] ?? [kind, "muted"];
    return element("li", {}, element("span", { class: "pill " + tone }, words), element("span", { class: "muted when" }, format.since(status.atS - atS) + " ago"), element("span", {}, message));
  });
  byId("events").replaceChildren(...(items.length > 0 ? items : [element("li", { class: "muted" }, "None since the start.")]));
};

const updatePanels = (state) => {
  updateTiles(state);
  byId("tiers").replaceChildren(...state.status.tiers.map(tierCard));
  updateReplicas(state);
  updateTenants(state);
  updateEvents(state);
};
`;
