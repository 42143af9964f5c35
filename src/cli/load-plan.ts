/**
 * Turns the options of `tenantry load` into a plan: where the server is, which key each tenant has, and how output lengths
 * are asked for. Asks the server first, so that a wrong address, key or model name ends in one sentence and not in a run
 * of failures.
 */
import { askServer } from "../load/server.ts";
import { parseRecord } from "../load/json.ts";
import type { Plan } from "../load/request-bodies.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { InputError } from "./exit-codes.ts";
import { readText } from "./read-scenario.ts";

export interface PlanOptions {
  readonly url: string;
  readonly keys?: string;
  readonly key: readonly string[];
  readonly lengths?: string;
  readonly endpoint?: string;
  readonly model?: string;
}

const DEFAULT_BASE_PATH = "/v1";
const SHOWN_MODELS = 8;

/** Fails: InputError when an option makes no sense or the server cannot be used. */
export async function planLoad(scenario: Scenario, options: PlanOptions): Promise<Plan> {
  const server = serverOf(options.url);
  const keys = keysOf(scenario, options);
  const endpoint = oneOf("--endpoint", options.endpoint ?? "chat", ["chat", "completions"]);
  const lengths =
    options.lengths === undefined
      ? undefined
      : oneOf("--lengths", options.lengths, ["hint", "max-tokens"]);
  let isTenantry = false;
  for (const tenant of activeTenants(scenario)) {
    const answer = await askServer(server, keys[tenant]);
    const { name } = scenario.platform.tenants[tenant]!;
    if (answer.kind === "unreachable") {
      throw new InputError(
        `cannot reach ${options.url}: ${answer.message}; is the server running, and --url right?`,
      );
    }
    if (answer.kind === "refused") throw refusedKey(name, keys[tenant], answer);
    isTenantry = answer.isTenantry;
    checkModels(scenario, tenant, { models: answer.models ?? [], model: options.model });
  }
  return {
    url: options.url,
    ...server,
    endpoint,
    lengths: lengths ?? (isTenantry ? "hint" : "max-tokens"),
    model: options.model,
    keys,
  };
}

/** Tenants that send something. */
function activeTenants({ clients }: Scenario): readonly number[] {
  return [...new Set(clients.map(({ tenant }) => tenant))];
}

function serverOf(text: string): { readonly origin: string; readonly basePath: string } {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InputError(`--url ${text}: expected an address such as http://127.0.0.1:8080`);
  }
  const path = url.pathname.replace(/\/+$/, "");
  return { origin: url.origin, basePath: path === "" ? DEFAULT_BASE_PATH : path };
}

/** Keys by tenant; all of them or none. */
function keysOf(
  { platform, clients }: Scenario,
  { keys: file, key }: PlanOptions,
): readonly (string | undefined)[] {
  const named = key.map(keyOption);
  const names = platform.tenants.map(({ name }) => name);
  for (const [name] of named) {
    if (!names.includes(name)) {
      throw new InputError(
        `a key is given for the tenant '${name}', and the scenario has none of that name; it has ${names.join(", ")}`,
      );
    }
  }
  // A file may know more tenants than this scenario has, and the administrator's key.
  const inFile = file === undefined ? [] : keysIn(file);
  const given = new Map([...inFile, ...named].filter(([name]) => names.includes(name)));
  const active = new Set(clients.map(({ tenant }) => names[tenant]!));
  const missing = [...active].filter((name) => !given.has(name));
  if (inFile.length + named.length > 0 && missing.length > 0) {
    throw new InputError(
      `no key for ${missing.join(", ")}; add --key ${missing[0]}=<key> or put it into the file of --keys`,
    );
  }
  return names.map((name) => given.get(name));
}

function keyOption(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) {
    throw new InputError("--key: expected <tenant>=<key>, for example --key aurora=sk-...");
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

function keysIn(file: string): readonly (readonly [string, string])[] {
  const record = parseRecord(readText(file));
  const entries = Object.entries(record ?? {});
  if (record === undefined || entries.some(([, key]) => typeof key !== "string")) {
    throw new InputError(
      `${file}: expected a JSON object of keys by tenant, such as {"aurora": "sk-..."}`,
    );
  }
  return entries.map(([tenant, key]) => [tenant, String(key)]);
}

function refusedKey(
  tenant: string,
  key: string | undefined,
  { status, message }: { readonly status: number; readonly message: string },
): InputError {
  const what =
    key === undefined
      ? `the server wants a key: add --key ${tenant}=<key> for every tenant, or --keys <file>`
      : `the server does not accept the key of ${tenant}`;
  return new InputError(`${what} (${status}: ${message})`);
}

/** A model that the server does not list would be a run of refusals. */
function checkModels(
  { platform, clients }: Scenario,
  tenant: number,
  { models, model }: { readonly models: readonly string[]; readonly model: string | undefined },
): void {
  const wanted = clients
    .filter((client) => client.tenant === tenant)
    .map(({ pool }) => model ?? platform.pools[pool]!.model.name);
  const missing = wanted.find((name) => !models.includes(name));
  if (missing === undefined || models.length === 0) return;
  const rest = models.length > SHOWN_MODELS ? ", ..." : "";
  throw new InputError(
    `the server has no model '${missing}' for ${platform.tenants[tenant]!.name}; it has ${models.slice(0, SHOWN_MODELS).join(", ")}${rest}. Name one with --model.`,
  );
}

function oneOf<const Choice extends string>(
  option: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new InputError(`${option} ${text}: expected ${choices.join(" or ")}`);
}
