/**
 * Older scenario files, brought up to the present format one version at a time. A step works on the plain value, before
 * validation; it says what it renamed, so that problems still point to the line as written, and warns, so that somebody
 * updates the file. A new version adds one entry to STEPS and never edits an old one.
 */
import { isPlainMap, type PlainMap } from "./plain.ts";
import { configOfShape } from "./migrate-models.ts";
import { type Finding, findings, type Findings, type Path } from "./problems.ts";
import { CURRENT_VERSION } from "./schema/file.ts";

interface Migrated {
  /** Undefined where the version is missing or unknown: nothing else can be said about the file. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /** New path to the path as written. */
  readonly moved: readonly { readonly to: Path; readonly from: Path }[];
}

interface StepLog {
  readonly report: Findings;
  readonly moved: { to: Path; from: Path }[];
}

/** STEPS[n] turns version n into n + 1, in place. */
const STEPS: readonly ((file: PlainMap, log: StepLog) => void)[] = [fromVersion0, fromVersion1];

/** Brings `value` to CURRENT_VERSION. The value may be changed. */
export function migrate(value: unknown): Migrated {
  const log: StepLog = { report: findings(), moved: [] };
  const version = versionOf(value, log.report);
  if (version === undefined || !isPlainMap(value)) {
    return { value: undefined, findings: log.report.list, moved: [] };
  }
  for (const step of STEPS.slice(version)) step(value, log);
  value["version"] = CURRENT_VERSION;
  return { value, findings: log.report.list, moved: log.moved };
}

function versionOf(value: unknown, report: Findings): number | undefined {
  if (value === null || value === undefined) {
    report.error([], `the file is empty: a scenario begins with version: ${CURRENT_VERSION}`);
    return undefined;
  }
  if (!isPlainMap(value)) {
    report.error([], "expected a map with version, name, platform and workload");
    return undefined;
  }
  const version = value["version"];
  if (version === undefined) {
    report.error([], `version is missing: add 'version: ${CURRENT_VERSION}'`);
    return undefined;
  }
  if (typeof version !== "number" || !Number.isInteger(version) || version < 0) {
    report.error(["version"], `expected version: ${CURRENT_VERSION}`);
    return undefined;
  }
  if (version > CURRENT_VERSION) {
    const newest = `this program reads versions up to ${CURRENT_VERSION}`;
    report.error(
      ["version"],
      `the file is of version ${version}, ${newest}: a newer release is needed`,
    );
    return undefined;
  }
  return version;
}

/** Version 0, before the first release: pools.*.gpus counted replicas, tiers.*.slo was one P99 limit on TTFT. */
function fromVersion0(file: PlainMap, log: StepLog): void {
  log.report.warning(
    ["version"],
    `version 0 is read as version ${CURRENT_VERSION}: see the warnings for what to rename`,
  );
  const platform = file["platform"];
  if (!isPlainMap(platform)) return;
  for (const [name, pool] of entriesOf(platform["pools"])) {
    if (pool["gpus"] === undefined || pool["replicas"] !== undefined) continue;
    pool["replicas"] = pool["gpus"];
    delete pool["gpus"];
    const path = ["platform", "pools", name];
    log.report.warning([...path, "gpus"], "gpus is now called replicas");
    log.moved.push({ to: [...path, "replicas"], from: [...path, "gpus"] });
  }
  for (const [name, tier] of entriesOf(platform["tiers"])) {
    if (tier["slo"] === undefined || tier["targets"] !== undefined) continue;
    tier["targets"] = [{ ttft: tier["slo"], percentile: 99 }];
    delete tier["slo"];
    const path = ["platform", "tiers", name];
    log.report.warning([...path, "slo"], "slo is now one of the targets: targets: [{ ttft: ... }]");
    log.moved.push({ to: [...path, "targets"], from: [...path, "slo"] });
  }
}

/** Version 1: models.* were described in words of the file's own instead of those of a config.json. */
function fromVersion1(file: PlainMap, log: StepLog): void {
  const platform = file["platform"];
  if (!isPlainMap(platform)) return;
  for (const [name, model] of entriesOf(platform["models"])) {
    const config = configOfShape(model);
    if (config === undefined) continue;
    for (const key of Object.keys(model)) delete model[key];
    model["config"] = config;
    const path = ["platform", "models", name];
    const keys = JSON.stringify(config)
      .replaceAll('"', "")
      .replaceAll(/([:,])/gu, "$1 ");
    log.report.warning(path, `a model is now the keys of its config.json: config: ${keys}`);
    log.moved.push({ to: [...path, "config"], from: path });
  }
}

function entriesOf(value: unknown): [string, PlainMap][] {
  if (!isPlainMap(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, PlainMap] => isPlainMap(entry[1]));
}
