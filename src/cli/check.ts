/** `tenantry check`: validates a scenario and explains, in a few lines, what it describes. */
import type { PoolConfig } from "../engine/config.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EXIT } from "./exit-codes.ts";
import { readScenario } from "./read-scenario.ts";

/** Runs the command; returns its exit code. Problems are thrown by readScenario. */
export function checkCommand(file: string, options: { readonly set: readonly string[] }): number {
  const scenario = readScenario(file, options.set);
  process.stdout.write(`${[`${file}: fine`, ...explain(scenario)].join("\n")}\n`);
  return EXIT.fine;
}

function explain({ name, platform, clients, faults, simulation }: Scenario): string[] {
  const { tiers, tenants, pools, policy } = platform;
  return [
    `${name}, policy ${policy.name}, seed ${simulation.seed}`,
    ...tiers.map(({ name: tier, weight, targets, objective }) => {
      const limits = targets.map(
        ({ metric, percentile, limitNs }) => `P${percentile} ${metric} <= ${limitNs / 1e6} ms`,
      );
      return `tier ${tier}: weight ${weight}, ${limits.join(", ") || "no targets"}, ${objective * 100} % of requests`;
    }),
    ...pools.map(explainPool),
    `${tenants.length} tenants: ${tenants.map((tenant) => `${tenant.name} (${tiers[tenant.tier]!.name})`).join(", ")}`,
    `${clients.length} clients: ${clients.map(({ name: client, arrivals }) => `${client} (${arrivals.kind})`).join(", ")}`,
    ...(faults.length > 0 ? [`${faults.length} faults`] : []),
  ];
}

function explainPool(pool: PoolConfig): string {
  const gpus = pool.replicas * pool.gpusPerReplica;
  const replicas =
    pool.autoscale === undefined
      ? `${pool.replicas} replicas`
      : `${pool.autoscale.min} to ${pool.replicas} replicas, ${pool.autoscale.initial} at the start,`;
  const tokens = pool.kvBlocks * pool.blockTokens;
  const kind = pool.owner === undefined ? "shared" : "dedicated";
  return `pool ${pool.name} (${kind}): ${replicas} of ${pool.model.name} ${pool.model.precision} on ${gpus} x ${pool.gpu.name}, KV cache of ${tokens} tokens a replica`;
}
