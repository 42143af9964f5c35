/** Faults, checked against the pools they strike: names and numbers that exist, and no pool lost for good as a whole. */
import type { PlatformConfig, PoolConfig } from "../../engine/config.ts";
import type { Path } from "../problems.ts";
import type { FaultConfig } from "../scenario.ts";
import type { FaultFile } from "../schema/workload.ts";
import { type Context, indexOfName } from "./context.ts";
import { nodeReplicas, nodesOf } from "../nodes.ts";

type OneReplica = Extract<FaultConfig, { kind: "crash" | "slow" }>;

/** A fault as written: which kind, with what settings, and where in the file. */
interface Written {
  readonly fault: FaultFile;
  readonly path: Path;
  readonly pool: number;
  readonly config: PoolConfig;
}

/** Faults with their pools as indices. */
export function resolveFaults(context: Context, platform: PlatformConfig): FaultConfig[] {
  const resolved: FaultConfig[] = [];
  for (const [index, fault] of context.file.faults.entries()) {
    const one = resolveFault(context, platform, { fault, index });
    if (one === undefined) continue;
    const path = ["faults", index, one.kind];
    if ("atNs" in one && one.atNs >= context.file.simulation.duration) {
      context.report.warning([...path, "at"], "this is after the end of the simulation");
    }
    reportOverlap(context, resolved, { one, path });
    resolved.push(one);
    reportLostForGood(context, platform, { resolved, path });
  }
  return resolved;
}

function resolveFault(
  context: Context,
  platform: PlatformConfig,
  given: { readonly fault: FaultFile; readonly index: number },
): FaultConfig | undefined {
  const { fault, index } = given;
  const settings = fault.crash ?? fault.slow ?? fault.lose ?? fault.node ?? fault.random;
  if (settings === undefined) return undefined;
  const path = ["faults", index, Object.keys(fault)[0]!];
  const pool = indexOfName(
    context,
    { path: [...path, "pool"], what: "pool", name: settings.pool },
    { usable: platform.pools.map((one) => one.name), where: ["platform", "pools"] },
  );
  if (pool === undefined) return undefined;
  const written = { fault, path, pool, config: platform.pools[pool]! };
  return oneReplica(context, written) ?? severalReplicas(context, written);
}

function oneReplica(context: Context, written: Written): FaultConfig | undefined {
  const { crash, slow } = written.fault;
  const settings = crash ?? slow;
  if (settings === undefined) return undefined;
  const { pool, config, path } = written;
  const { replica, at: atNs } = settings;
  if (replica >= config.replicas) {
    const message = `pool '${config.name}' has replicas 0 to ${config.replicas - 1}, got ${replica}`;
    context.report.error([...path, "replica"], message);
  }
  if (crash !== undefined) return { kind: "crash", pool, replica, atNs, downForNs: crash.downFor };
  if (slow === undefined) return undefined;
  return { kind: "slow", pool, replica, atNs, forNs: slow.for, factor: slow.factor };
}

function severalReplicas(context: Context, written: Written): FaultConfig | undefined {
  const { pool, config, path, fault } = written;
  const { lose, node, random } = fault;
  if (lose !== undefined) {
    if ((lose.replicas ?? 0) > config.replicas) {
      const message = `pool '${config.name}' has ${config.replicas} replicas, got ${lose.replicas}`;
      context.report.error([...path, "replicas"], message);
    }
    const count =
      lose.replicas === undefined ? { share: lose.share ?? 0 } : { replicas: lose.replicas };
    return { kind: "lose", pool, count, atNs: lose.at, downForNs: lose.for };
  }
  if (node !== undefined) {
    const nodes = nodesOf(config);
    if (node.node >= nodes) {
      const message = `pool '${config.name}' fills nodes 0 to ${nodes - 1} of ${config.gpusPerNode} GPUs, got ${node.node}`;
      context.report.error([...path, "node"], message);
    }
    return { kind: "node", pool, node: node.node, atNs: node.at, downForNs: node.downFor };
  }
  if (random === undefined) return undefined;
  return { kind: "random", pool, of: random.of, mtbfNs: random.mtbf, mttrNs: random.mttr };
}

/** Whether two faults of the same kind hit the same replica at the same time: which one ends it would be anyone's guess. */
export function isOverlapping(a: FaultConfig, b: FaultConfig): boolean {
  if (!isOfOneReplica(a) || !isOfOneReplica(b)) return false;
  const isSame = a.kind === b.kind && a.pool === b.pool && a.replica === b.replica;
  return isSame && a.atNs < endOf(b) && b.atNs < endOf(a);
}

export function isOfOneReplica(fault: FaultConfig): fault is OneReplica {
  return fault.kind === "crash" || fault.kind === "slow";
}

function reportOverlap(
  context: Context,
  earlier: readonly FaultConfig[],
  { one, path }: { readonly one: FaultConfig; readonly path: Path },
): void {
  const other = earlier.filter(isOfOneReplica).find((before) => isOverlapping(before, one));
  if (other === undefined) return;
  const state = one.kind === "crash" ? "down" : "slow";
  const message = `this replica is already ${state} at ${other.atNs / 1e9} s by another fault; one must end before the next begins`;
  context.report.error(path, message);
}

function endOf(fault: OneReplica): number {
  return fault.atNs + (fault.kind === "crash" ? fault.downForNs : fault.forNs);
}

/** With no replica left for good, requests would wait for ever. Counts each fault in full: they may strike different ones. */
function reportLostForGood(
  context: Context,
  platform: PlatformConfig,
  given: { readonly resolved: readonly FaultConfig[]; readonly path: Path },
): void {
  const { resolved, path } = given;
  const one = resolved.at(-1)!;
  const config = platform.pools[one.pool]!;
  const lost = resolved
    .filter(({ pool }) => pool === one.pool)
    .reduce((sum, fault) => sum + lostForGood(fault, config), 0);
  if (lost < config.replicas || lostForGood(one, config) === 0) return;
  const message = `all ${config.replicas} replicas of pool '${config.name}' would be lost for good, and its requests wait for ever: leave one, or say until when`;
  context.report.error(path, message);
}

/** Replicas that the fault takes from the pool for good, at most. */
export function lostForGood(fault: FaultConfig, config: PoolConfig): number {
  if (!("downForNs" in fault) || fault.downForNs !== Infinity) return 0;
  if (fault.kind === "crash") return 1;
  if (fault.kind === "node") return nodeReplicas(config, fault.node).length;
  const { count } = fault;
  return "replicas" in count ? count.replicas : Math.ceil(count.share * config.replicas);
}
