/**
 * A tenant's spec from the command line: options and a YAML file, in the words of the scenario file's schema. Nothing is
 * checked here: the scenario loader does that, with the tenant in its place.
 */
import { parseDocument } from "yaml";
import type { JsonObject } from "../live/exchange.ts";
import { isPlainMap } from "../scenario/plain.ts";
import { InputError } from "./exit-codes.ts";
import { readText } from "./read-scenario.ts";

type Flags = Readonly<Record<string, readonly [flag: string, text: string]>>;

/** Options that are keys of a tenant, and those that are keys of its quotas. Flag, placeholder, what it says. */
export const TENANT_FLAGS: Flags = {
  tier: ["--tier <name>", "service class"],
  weight: ["--weight <n>", "share of service within its tier"],
  pools: ["--pools <names>", "pools that serve it, separated by commas"],
  defaultMaxOutputTokens: [
    "--default-max-output-tokens <n>",
    "longest output of a request that states none",
  ],
};

export const QUOTA_FLAGS: Flags = {
  maxQps: ["--max-qps <rate>", "requests per second, for example 20/s"],
  burst: ["--burst <n>", "requests that may come at once"],
  maxConcurrentRequests: ["--max-concurrent-requests <n>", "requests in flight"],
  maxTokensPerDay: ["--max-tokens-per-day <n>", "for example 50M"],
  maxTokensPerMinute: ["--max-tokens-per-minute <n>", "for example 100k"],
  maxSpendPerMonth: ["--max-spend-per-month <usd>", "for example '$1000'"],
  maxGpuMemory: ["--max-gpu-memory <bytes>", "KV cache and adapters at once, for example 40GiB"],
  maxQueuedRequests: ["--max-queued-requests <n>", "requests that may wait"],
  enforcement: ["--enforcement <kind>", "hard or soft"],
};

/** What the command line gave, by the keys above, and `spec`, the name of a file. */
export type SpecOptions = Readonly<Record<string, string | undefined>>;

/** `base` with what the options say put in its place: key by key, and quota by quota. */
export function tenantSpec(base: JsonObject, options: SpecOptions): JsonObject {
  const given = options["spec"] === undefined ? {} : readSpec(options["spec"]);
  const named = valuesOf(TENANT_FLAGS, options);
  const quotas = {
    ...mapAt(base, "quotas"),
    ...mapAt(given, "quotas"),
    ...valuesOf(QUOTA_FLAGS, options),
  };
  const spec = { ...base, ...given, ...named };
  return Object.keys(quotas).length === 0 ? spec : { ...spec, quotas };
}

function valuesOf(flags: Flags, options: SpecOptions): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(flags)) {
    const text = options[key];
    if (text === undefined) continue;
    values[key] = key === "pools" ? text.split(",") : scalar(text);
  }
  return values;
}

/** What the same text would be in a scenario file: a number where it looks like one. */
function scalar(text: string): unknown {
  const value: unknown = parseDocument(text).toJS();
  return typeof value === "number" ? value : text;
}

/** Something that is no map is left for the loader to complain about. */
function mapAt(spec: JsonObject, key: string): Record<string, unknown> {
  const value = spec[key];
  return isPlainMap(value) ? value : {};
}

function readSpec(fileName: string): JsonObject {
  const document = parseDocument(readText(fileName), { prettyErrors: false });
  if (document.errors.length > 0) {
    throw new InputError(`${fileName}: ${document.errors[0]!.message.split("\n")[0]}`);
  }
  const value: unknown = document.toJS();
  if (isPlainMap(value)) return value;
  throw new InputError(
    `${fileName}: expected a map as under platform.tenants.<name>, for example 'tier: silver'`,
  );
}
