/** The `serve` section, checked against the platform's pools. */
import type { PlatformConfig } from "../../engine/config.ts";
import type { ServeConfig, UpstreamConfig } from "../serve-config.ts";
import { type Context, indexOfName } from "./context.ts";

export function resolveServe(context: Context, platform: PlatformConfig): ServeConfig {
  const { serve } = context.file;
  const colon = serve.listen.lastIndexOf(":");
  const port = Number(serve.listen.slice(colon + 1));
  if (port > 65_535) {
    context.report.error(["serve", "listen"], `a port is at most 65535, got ${port}`);
  }
  return {
    host: serve.listen.slice(0, colon).replaceAll(/^\[|\]$/gu, ""),
    port,
    backend: serve.backend,
    upstreams: resolveUpstreams(context, platform),
    storage: serve.storage,
    durability: serve.durability,
    tokenizers: resolveTokenizers(context, platform),
    tls: serve.tls,
    maxBodyBytes: serve.maxBody,
    headerTimeoutNs: serve.headerTimeout,
    bodyTimeoutNs: serve.bodyTimeout,
    requestTimeoutNs: serve.requestTimeout,
    drainTimeoutNs: serve.drainTimeout,
    maxInbox: serve.maxInbox,
    maxLagNs: serve.maxLag,
    metricsAccess: serve.metrics,
    tracesUrl: serve.traces,
  };
}

/** Every pool has as many upstream servers as replicas, where they are what computes. */
function resolveUpstreams(context: Context, platform: PlatformConfig): UpstreamConfig[][] {
  const { serve } = context.file;
  const byPool: UpstreamConfig[][] = platform.pools.map(() => []);
  for (const [name, list] of Object.entries(serve.upstreams)) {
    const pool = poolIndex(context, platform, { section: "upstreams", name });
    if (pool === undefined) continue;
    byPool[pool] = list.map((one) => ({
      url: one.url,
      model: one.model,
      keyVariable: one.keyVariable,
      engine: one.engine,
      adapters: one.adapters,
    }));
  }
  if (serve.backend !== "openai") return byPool;
  for (const [pool, { name, replicas }] of platform.pools.entries()) {
    const given = byPool[pool]!.length;
    if (given === replicas) continue;
    const message = `pool '${name}' has ${replicas} replicas, got ${given} upstream servers; each replica needs one`;
    context.report.error(["serve", "upstreams", ...(given > 0 ? [name] : [])], message);
  }
  return byPool;
}

function resolveTokenizers(context: Context, platform: PlatformConfig): (string | undefined)[] {
  const byPool: (string | undefined)[] = platform.pools.map(() => undefined);
  for (const [name, path] of Object.entries(context.file.serve.tokenizers)) {
    const pool = poolIndex(context, platform, { section: "tokenizers", name });
    if (pool !== undefined) byPool[pool] = path;
  }
  return byPool;
}

function poolIndex(
  context: Context,
  platform: PlatformConfig,
  entry: { readonly section: string; readonly name: string },
): number | undefined {
  return indexOfName(
    context,
    { path: ["serve", entry.section, entry.name], what: "pool", name: entry.name },
    { usable: platform.pools.map(({ name }) => name), where: ["platform", "pools"] },
  );
}
