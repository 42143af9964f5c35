/**
 * Clients in the simulator's terms, checked against the platform: whom they act for, which pool serves them, whether
 * their requests fit the model.
 */
import type { PlatformConfig, PoolConfig, TenantConfig } from "../../engine/config.ts";
import { keysAt } from "../plain.ts";
import type { Path } from "../problems.ts";
import type {
  ClientConfig,
  ConversationConfig,
  LengthConfig,
  SystemPromptConfig,
} from "../scenario.ts";
import type { ClientFile, LengthFile } from "../schema/workload.ts";
import { boundsOf, resolveArrivals, resolveLength } from "./arrivals.ts";
import { type Context, indexOfName, reportUnknown } from "./context.ts";

/** Where a distribution of turns has no maximum of its own; assumed: contexts are full before. */
const MOST_TURNS = 1000;

interface Scope {
  readonly context: Context;
  readonly platform: PlatformConfig;
  readonly name: string;
  readonly path: Path;
}

interface Served {
  readonly tenant: TenantConfig;
  readonly pool: PoolConfig;
}

interface Lengths {
  promptTokens: LengthConfig;
  outputTokens: LengthConfig;
}

/** Resolves every client, in the order of the file. */
export function resolveClients(context: Context, platform: PlatformConfig): ClientConfig[] {
  const clients = Object.entries(context.file.workload);
  if (keysAt(context.written, ["workload"]).length === 0) {
    context.report.warning(["workload"], "no client: nothing will arrive in a simulation");
  }
  return clients.flatMap(([name, client]) => {
    const scope = { context, platform, name, path: ["workload", name] };
    return resolveClient(scope, client) ?? [];
  });
}

function resolveClient(scope: Scope, client: ClientFile): ClientConfig | undefined {
  const { context, platform, path, name } = scope;
  const tenantName = client.tenant ?? name;
  const tenant = indexOfName(
    context,
    {
      path: client.tenant === undefined ? path : [...path, "tenant"],
      what: "tenant",
      name: tenantName,
    },
    { usable: platform.tenants.map((one) => one.name), where: ["platform", "tenants"] },
  );
  checkTrace(scope, client);
  const config = tenant === undefined ? undefined : platform.tenants[tenant];
  const pool = config === undefined ? undefined : poolOf(scope, client, config);
  if (tenant === undefined || config === undefined || pool === undefined) return undefined;
  const served = { tenant: config, pool: platform.pools[pool]! };
  const lengths = resolveLengths(scope, client, served);
  return {
    name,
    tenant,
    pool,
    arrivals: resolveArrivals(client.arrivals),
    ...lengths,
    systemPrompt: systemPromptOf(name, client),
    distinctPrompts: distinctPromptsOf(scope, client),
    conversation: conversationOf(scope, client, served),
    maxOutputTokens: client.maxOutputTokens,
    adapterShares: adapterSharesOf(scope, client, config),
    timeoutNs: client.timeout,
    retry: {
      attempts: client.retry.attempts,
      backoffNs: client.retry.backoff,
      maxBackoffNs: client.retry.maxBackoff,
      jitter: client.retry.jitter,
    },
  };
}

function checkTrace(scope: Scope, client: ClientFile): void {
  const { report } = scope.context;
  const { arrivals } = client;
  if (!("trace" in arrivals)) return;
  const path = [...scope.path, "arrivals", "trace"];
  if (arrivals.trace.path === "") {
    const override = `--set workload.${scope.name}.arrivals.trace.path=FILE`;
    report.error(
      [...path, "path"],
      `the trace needs a file: write its path here, or give ${override}`,
    );
  }
  if (arrivals.trace.to <= arrivals.trace.from)
    report.error([...path, "to"], "expected to after from");
  for (const key of ["promptTokens", "outputTokens"] as const) {
    if (client[key] !== undefined) {
      report.warning([...scope.path, key], "ignored: a trace brings its own lengths");
    }
  }
  if (client.conversation !== undefined) {
    const message = "ignored: the rows of a trace are requests, not conversations";
    report.warning([...scope.path, "conversation"], message);
  }
  if (client.systemPrompt !== undefined && arrivals.trace.format === "mooncake") {
    const message = "ignored: a mooncake trace says itself what its prompts have in common";
    report.warning([...scope.path, "systemPrompt"], message);
  }
}

function distinctPromptsOf(scope: Scope, client: ClientFile): number {
  if (client.distinctPrompts !== undefined && client.conversation !== undefined) {
    const message =
      "ignored: a conversation's prompts hold all that was said before, and come once";
    scope.context.report.warning([...scope.path, "distinctPrompts"], message);
  }
  return client.distinctPrompts ?? Infinity;
}

function systemPromptOf(name: string, client: ClientFile): SystemPromptConfig | undefined {
  const given = client.systemPrompt;
  // A name in the file never holds a space, so a client's own is nobody else's.
  return given && { tokens: given.tokens, name: given.name ?? `of ${name}` };
}

function conversationOf(
  scope: Scope,
  { conversation, maxOutputTokens, arrivals }: ClientFile,
  { tenant, pool }: Served,
): ConversationConfig | undefined {
  if (conversation === undefined || "trace" in arrivals) return undefined;
  const turns = resolveLength(conversation.turns, MOST_TURNS);
  checkBounds({ ...scope, path: [...scope.path, "conversation"] }, "turns", turns);
  const longest = Math.min(pool.model.maxContextTokens, pool.kvBlocks * pool.blockTokens);
  return {
    turns,
    thinkMeanNs: conversation.think,
    thinkCv: conversation.thinkCv,
    maxPromptTokens: longest - (maxOutputTokens ?? tenant.defaultMaxOutputTokens),
  };
}

/** Index of the pool that serves the model the client asks for; undefined where that was reported. */
function poolOf(scope: Scope, client: ClientFile, tenant: TenantConfig): number | undefined {
  const { context, platform, path } = scope;
  // With pools left out because of problems, indices do not match: nothing to say about them yet.
  if (platform.pools.length !== keysAt(context.written, ["platform", "pools"]).length)
    return undefined;
  const models = tenant.pools.map((index) => platform.pools[index]!.model.name);
  if (client.model === undefined) {
    if (new Set(models).size > 1) {
      const message = `tenant '${tenant.name}' has pools of ${models.join(" and ")}: say which with model`;
      context.report.error(path, message, undefined);
    }
    return tenant.pools[0];
  }
  const position = models.indexOf(client.model);
  if (position >= 0) return tenant.pools[position];
  const reference = {
    path: [...path, "model"],
    what: `model of tenant '${tenant.name}'`,
    name: client.model,
  };
  reportUnknown(context, reference, models);
  return undefined;
}

function resolveLengths(scope: Scope, client: ClientFile, served: Served): Lengths {
  const none: LengthConfig = { kind: "constant", tokens: 1 };
  if ("trace" in client.arrivals) return { promptTokens: none, outputTokens: none };
  const context = served.pool.model.maxContextTokens;
  const longestOutput = client.maxOutputTokens ?? served.tenant.defaultMaxOutputTokens;
  const systemTokens = client.systemPrompt?.tokens ?? 0;
  const resolved: Lengths = { promptTokens: none, outputTokens: none };
  for (const key of ["promptTokens", "outputTokens"] as const) {
    const given = client[key];
    if (given === undefined) {
      scope.context.report.error(
        scope.path,
        `${key} is missing: expected a number of tokens or a distribution`,
      );
      continue;
    }
    const longest =
      key === "promptTokens" ? Math.max(1, context - longestOutput - systemTokens) : longestOutput;
    resolved[key] = resolveLength(given, longest);
    if (key === "outputTokens" && client.maxOutputTokens === undefined) {
      warnOfCut(scope, given, longestOutput);
    }
    checkBounds(scope, key, resolved[key]);
  }
  checkFit(scope, resolved.promptTokens, { systemTokens, longestOutput, pool: served.pool });
  return resolved;
}

/** Outputs that the tenant's default max_tokens would cut, every one of them. */
function warnOfCut(scope: Scope, given: LengthFile, longestOutput: number): void {
  if (boundsOf(resolveLength(given, Infinity)).min <= longestOutput) return;
  scope.context.report.warning(
    [...scope.path, "outputTokens"],
    `outputs end at ${longestOutput} tokens, the tenant's defaultMaxOutputTokens: give maxOutputTokens for longer ones`,
  );
}

function checkBounds(scope: Scope, key: string, length: LengthConfig): void {
  const path = [...scope.path, key];
  const { min, max } = boundsOf(length);
  if (min > max)
    scope.context.report.error(
      path,
      `the shortest, ${min} ${key === "turns" ? key : "tokens"}, exceeds the longest, ${max}`,
    );
  if (length.kind !== "empirical") return;
  for (const [index, [probability, tokens]] of length.quantiles.entries()) {
    const before = length.quantiles[index - 1];
    if (before === undefined || (tokens >= before[1] && probability > before[0])) continue;
    scope.context.report.error(
      path,
      "expected lengths that rise with the percentile, each percentile once",
    );
    return;
  }
}

/** Requests longer than the model's context, or than a replica's KV cache, are rejected: say so beforehand. */
function checkFit(
  scope: Scope,
  prompt: LengthConfig,
  given: {
    readonly systemTokens: number;
    readonly longestOutput: number;
    readonly pool: PoolConfig;
  },
): void {
  const { report } = scope.context;
  const { pool, longestOutput } = given;
  const path = [...scope.path, "promptTokens"];
  const bounds = boundsOf(prompt);
  const min = bounds.min + given.systemTokens;
  const max = bounds.max + given.systemTokens;
  const limit = pool.model.maxContextTokens;
  if (max > limit) {
    report.error(
      path,
      `prompts of up to ${max} tokens exceed the context of ${pool.model.name}, ${limit} tokens`,
    );
    return;
  }
  if (min + longestOutput > limit) {
    const sum = `${min} prompt and ${longestOutput} output tokens`;
    report.error(
      path,
      `${sum} exceed the context of ${pool.model.name}, ${limit} tokens: no request would fit`,
    );
    return;
  }
  const kvTokens = pool.kvBlocks * pool.blockTokens;
  const bound = Math.min(limit, kvTokens);
  if (max + longestOutput <= bound) return;
  const what =
    kvTokens < limit
      ? `the KV cache of a replica of '${pool.name}'`
      : `the context of ${pool.model.name}`;
  report.warning(
    path,
    `the longest requests, ${max} + ${longestOutput} tokens, exceed ${what}, ${bound}: they are rejected`,
  );
}

function adapterSharesOf(scope: Scope, client: ClientFile, tenant: TenantConfig): number[] {
  const { report } = scope.context;
  const path = [...scope.path, "adapters"];
  const names = tenant.adapters.map((adapter) => adapter.name);
  for (const name of Object.keys(client.adapters)) {
    if (names.includes(name)) continue;
    const what = `adapter of tenant '${tenant.name}'`;
    reportUnknown(scope.context, { path: [...path, name], what, name }, names);
  }
  const shares = names.map((name) => client.adapters[name] ?? 0);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (sum > 1 + 1e-9) report.error(path, "the shares add up to more than 100%");
  return shares;
}
