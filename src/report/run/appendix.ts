/** What a run rests on, and what it takes to run it again: assumptions, hash, seed, versions, commands, definitions. */
import type { PoolResult, Results } from "../../results/results.ts";
import { commandLine, settings } from "../commands.ts";
import { DEFINITIONS } from "../definitions.ts";
import { type Block, tables, texts } from "../document.ts";
import { formatCount, formatDuration, formatShare, formatUsd } from "../format.ts";
import { cell, left, type Table } from "../table.ts";
import { HOURS_PER_MONTH } from "./costs.ts";

/** Stands where only whoever ran it knows the name. */
const SCENARIO_FILE = "SCENARIO.yaml";

export function runAppendix(results: Results): readonly Block[] {
  return [
    ...tables(assumptions(results), provenance(results)),
    ...texts(rerunWords(results)),
    { kind: "code", text: rerun(results) },
    { kind: "definitions", definitions: Object.values(DEFINITIONS) },
  ];
}

function assumptions(results: Results): Table | undefined {
  const { run, pools, attribution, load } = results;
  if (load !== undefined) return undefined;
  const noise =
    attribution.accuracy === null
      ? "Step times are those of the model, without noise."
      : `Step times are those of the model. The audit of bills adds noise of ${formatShare(attribution.stepNoise)} per step, and coefficients off by up to ${formatShare(attribution.coefficientError)}.`;
  const rows: readonly (readonly [string, string])[] = [
    ["Hardware", pools.map(poolWords).join("; ")],
    ["Step times", `${noise} No GPU was measured for this report.`],
    ["Traffic", trafficWords(results)],
    [
      "Warm-up",
      run.warmupSeconds > 0
        ? `The first ${formatDuration(run.warmupSeconds)} are served, billed and counted, but left out of latency and compliance.`
        : "None: every request counts.",
    ],
    ["A month", `${HOURS_PER_MONTH} hours.`],
  ];
  return {
    title: "Assumptions",
    columns: [left("What"), { ...left("Assumed"), isProse: true }],
    rows: rows.map(([what, value]) => [cell(what), cell(value)]),
  };
}

function poolWords({ name, model, gpu, gpusPerReplica, gpuUsd, gpuHours }: PoolResult): string {
  const price = gpuHours === 0 ? "" : ` at ${formatUsd(gpuUsd / gpuHours)} per GPU hour`;
  return `${name}: ${model} on ${formatCount(gpusPerReplica)} × ${gpu} per replica${price}`;
}

function trafficWords({ run }: Results): string {
  const skipped =
    run.skippedTraceRows === 0
      ? ""
      : ` ${formatCount(run.skippedTraceRows)} broken rows of traces were left out.`;
  return `As the scenario file describes it, for ${formatDuration(run.arrivalSeconds)}. Whatever it leaves out, such as other tenants, bursts or faults, did not happen here.${skipped}`;
}

function provenance(results: Results): Table {
  const { scenario } = results;
  const rows: readonly (readonly [string, string])[] = [
    ["Scenario", scenario.name],
    ...(scenario.source === undefined ? [] : [["File", scenario.source.file] as const]),
    ["Scenario hash", scenario.hash],
    ["Seed", String(scenario.seed)],
    ["Tenantry version", results.tenantryVersion],
    ["Results schema", String(results.schemaVersion)],
  ];
  return {
    title: "Where this comes from",
    columns: [left("What"), { ...left("Value"), isProse: true }],
    rows: rows.map(([what, value]) => [cell(what), cell(value)]),
  };
}

function rerunWords({ load, scenario }: Results): string {
  const unnamed =
    scenario.source === undefined
      ? ` ${SCENARIO_FILE} stands for the scenario file, and any --set it was run with is missing here: equal hashes tell.`
      : "";
  return load === undefined
    ? `The same scenario file, seed and version give the same results, byte for byte, on any machine with the same version of Node.${unnamed} To run it again:`
    : `The same scenario file and seed send the same requests at the same times; what the server makes of them is its own.${unnamed} To run it again:`;
}

function rerun({ scenario, load }: Results): string {
  const file = scenario.source?.file ?? SCENARIO_FILE;
  const how = ["--seed", String(scenario.seed), ...settings(scenario.source?.overrides ?? [])];
  if (load !== undefined) return commandLine("tenantry", "load", file, "--url", load.url, ...how);
  return [
    commandLine("tenantry", "simulate", file, ...how, "--out", "again"),
    commandLine("tenantry", "report", "again"),
  ].join("\n");
}
