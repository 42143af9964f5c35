/**
 * The 27 clients of a public chat arena (Sheng et al., OSDI 2024, real trace) on one A10G under fcfs, vtc and slo-fair: what
 * becomes of those who ask for little when a few ask for much. Needs the trace (scenarios/traces/README.md says where it is to
 * be had); writes reports/lmsys-arena.md and .svg; `npm run report:lmsys -- <lmsys_arena_real_trace.csv>`.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { loadScenario } from "../src/scenario/load.ts";
import type { Request } from "../src/engine/request.ts";
import type { Sent } from "../src/sim/cluster.ts";
import { runSimulation } from "../src/sim/simulate.ts";
import { openTrace } from "../src/traces/open-trace.ts";

const CLIENTS = Array.from({ length: 27 }, (_, client) => String(client));
const POLICIES = ["fcfs", "vtc", "slo-fair"] as const;
/** Length of the trace: what is delivered later is what overload left behind. */
const WINDOW_NS = 600e9;
/** Service of a token as the policies count it. */
const SERVICE = { input: 1, output: 2 };

const path = process.argv[2];
if (path === undefined) {
  process.stderr.write("usage: npm run report:lmsys -- <lmsys_arena_real_trace.csv>\n");
  process.exit(2);
}
const absolute = resolve(path);

interface Outcome {
  readonly policy: string;
  /** By client. */
  readonly ttftS: readonly (readonly number[])[];
  readonly service: readonly number[];
  readonly tokensPerS: number;
}

function scenarioUnder(policy: string) {
  const file = {
    version: 2,
    name: "lmsys-arena",
    platform: {
      policy,
      // Policies alone are compared: mitigation would come to fcfs's help.
      isolation: { mitigate: false },
      pools: {
        a10g: { model: "llama-2-7b", gpu: "a10g", replicas: 1, tierShares: { bronze: "100%" } },
      },
      tenants: Object.fromEntries(CLIENTS.map((client) => [`c${client}`, { tier: "bronze" }])),
    },
    workload: Object.fromEntries(
      CLIENTS.map((client) => [
        `c${client}`,
        {
          arrivals: { trace: { path: absolute, format: "vtc", clients: [client] } },
          maxOutputTokens: 1024,
        },
      ]),
    ),
    simulation: { duration: "unlimited", audit: { requests: 0 } },
  };
  const loaded = loadScenario(JSON.stringify(file), { fileName: "lmsys-arena", overrides: [] });
  if (loaded.kind === "loaded") return loaded.scenario;
  throw new Error(loaded.problems.map(({ path: at, message }) => `${at}: ${message}`).join("\n"));
}

function play(policy: string): Outcome {
  const ttftS: number[][] = CLIENTS.map(() => []);
  const service = CLIENTS.map(() => 0);
  let tokens = 0;
  const count = (request: Request<Sent>, nowNs: number) => {
    ttftS[request.tenant]!.push((request.firstTokenNs - request.arrivalNs) / 1e9);
    service[request.tenant]! +=
      SERVICE.input * request.promptTokens + SERVICE.output * request.outputTokens;
    tokens += deliveredBy(WINDOW_NS, request, nowNs);
  };
  runSimulation(scenarioUnder(policy), {
    openTrace: (trace) => openTrace(trace, { baseDir: ".", skipBadRows: false }),
    onRequest({ request, outcome, nowNs }) {
      if (request !== undefined && outcome === "completed") count(request, nowNs);
    },
  });
  return { policy, ttftS, service, tokensPerS: tokens / (WINDOW_NS / 1e9) };
}

/** Prompt and output tokens delivered by then; output of a request that ended at `endNs` taken to flow evenly. */
function deliveredBy(timeNs: number, request: Request<Sent>, endNs: number): number {
  const { promptTokens, outputTokens, firstTokenNs } = request;
  if (firstTokenNs > timeNs) return 0;
  const share = endNs <= timeNs ? 1 : (timeNs - firstTokenNs) / (endNs - firstTokenNs);
  return promptTokens + share * outputTokens;
}

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const outcomes = POLICIES.map(play);
const { service } = outcomes[0]!;
const total = service.reduce((sum, amount) => sum + amount, 0);
/** A light client asks for less than an equal share of all that is asked. */
const isLight = service.map((amount) => amount < total / CLIENTS.length);
const lightTtft = (outcome: Outcome) => outcome.ttftS.filter((_, client) => isLight[client]).flat();
const heavyTtft = (outcome: Outcome) =>
  outcome.ttftS.filter((_, client) => !isLight[client]).flat();
const s = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
const [fcfs] = outcomes;

const spec: TopLevelSpec = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  title: "P90 TTFT by client, lightest first (log scale)",
  width: 760,
  height: 320,
  background: "white",
  data: {
    values: outcomes.flatMap(({ policy, ttftS }) =>
      ttftS.map((values, client) => ({
        policy,
        client: `c${client}`,
        asked: service[client]! / total,
        ttft: Math.max(0.01, quantile(values, 0.9)),
      })),
    ),
  },
  mark: { type: "point", filled: true, size: 70, opacity: 0.9 },
  encoding: {
    x: {
      field: "client",
      type: "nominal",
      sort: { field: "asked" },
      title: "client, by share of what all ask for",
      axis: { labelAngle: 0 },
    },
    y: { field: "ttft", type: "quantitative", scale: { type: "log" }, title: "P90 TTFT, s" },
    color: {
      field: "policy",
      type: "nominal",
      sort: [...POLICIES],
      scale: { range: ["#b4442f", "#8a8f98", "#1f6f8b"] },
      title: "policy",
    },
    shape: { field: "policy", type: "nominal", sort: [...POLICIES], title: "policy" },
  },
};
writeFileSync(
  "reports/lmsys-arena.svg",
  await new vega.View(vega.parse(compile(spec).spec), { renderer: "none" }).toSVG(),
);

const summary = outcomes.map((outcome) => {
  const light = lightTtft(outcome);
  const heavy = heavyTtft(outcome);
  const better = mean(lightTtft(fcfs!)) / mean(light);
  return `| ${outcome.policy} | ${outcome.tokensPerS.toFixed(1)} | ${s(mean(light))} | ${s(quantile(light, 0.5))} | ${s(quantile(light, 0.9))} | ${better.toFixed(1)}x | ${s(mean(heavy))} | ${s(quantile(heavy, 0.9))} |`;
});
const order = CLIENTS.map((_, client) => client).toSorted((a, b) => service[b]! - service[a]!);
const rows = order.map((client) => {
  const cells = outcomes.map(
    ({ ttftS }) => `${s(mean(ttftS[client]!))} / ${s(quantile(ttftS[client]!, 0.9))}`,
  );
  return `| c${client}${isLight[client] ? "" : " (heavy)"} | ${ttftLength(client)} | ${((100 * service[client]!) / total).toFixed(1)} % | ${cells.join(" | ")} |`;
});
function ttftLength(client: number): number {
  return fcfs!.ttftS[client]!.length;
}
const page = `# Who waits on a shared GPU: 27 clients of a chat arena on one A10G

The real trace of the virtual token counter's authors (1,500 requests of 27 clients, times compressed to 600 s), on a simulated
A10G serving Llama 2 7B in BF16. All clients have the same weight. Light clients ask for less than an equal share of all that is
asked: ${isLight.filter(Boolean).length} of 27. Throughput counts prompt and output tokens delivered within the 600 s.
\`npm run report:lmsys -- <lmsys_arena_real_trace.csv>\` wrote this page.

| policy | tokens/s | light: mean TTFT, s | P50 | P90 | mean against fcfs | heavy: mean TTFT, s | P90 |
|---|---|---|---|---|---|---|---|
${summary.join("\n")}

![P90 TTFT by client](lmsys-arena.svg)

| client | requests | asks for | ${POLICIES.map((policy) => `${policy}: mean / P90 TTFT, s`).join(" | ")} |
|---|---|---|---|---|---|
${rows.join("\n")}
`;
writeFileSync("reports/lmsys-arena.md", page);
process.stdout.write(page);
