/** Faults and the simulation's own settings, checked against the platform and the workload. */
import type { PlatformConfig } from "../../engine/config.ts";
import type { Path } from "../problems.ts";
import type { FaultConfig, SimulationConfig } from "../scenario.ts";
import type { FaultFile } from "../schema/workload.ts";
import { type Context, indexOfName } from "./context.ts";

/** Faults with their pools as indices. */
export function resolveFaults(context: Context, platform: PlatformConfig): FaultConfig[] {
  const resolved: FaultConfig[] = [];
  for (const [index, fault] of context.file.faults.entries()) {
    const kind = fault.crash === undefined ? "slow" : "crash";
    const path = ["faults", index, kind];
    const one = resolveFault(context, platform, { fault, path });
    if (one === undefined) continue;
    const other = resolved.find((earlier) => isOverlapping(earlier, one));
    if (other !== undefined) {
      const message = `this replica is already ${kind === "crash" ? "down" : "slow"} at ${other.atNs / 1e9} s by another fault; one must end before the next begins`;
      context.report.error(path, message);
    }
    resolved.push(one);
  }
  return resolved;
}

/** Whether two faults of the same kind hit the same replica at the same time: which one ends it would be anyone's guess. */
export function isOverlapping(a: FaultConfig, b: FaultConfig): boolean {
  const isSame = a.kind === b.kind && a.pool === b.pool && a.replica === b.replica;
  return isSame && a.atNs < endOf(b) && b.atNs < endOf(a);
}

function endOf(fault: FaultConfig): number {
  return fault.atNs + (fault.kind === "crash" ? fault.downForNs : fault.forNs);
}

function resolveFault(
  context: Context,
  platform: PlatformConfig,
  given: { readonly fault: FaultFile; readonly path: Path },
): FaultConfig | undefined {
  const { fault, path } = given;
  const settings = fault.crash ?? fault.slow;
  if (settings === undefined) return undefined;
  const pool = indexOfName(
    context,
    { path: [...path, "pool"], what: "pool", name: settings.pool },
    { usable: platform.pools.map((one) => one.name), where: ["platform", "pools"] },
  );
  if (pool === undefined) return undefined;
  const { replicas } = platform.pools[pool]!;
  if (settings.replica >= replicas) {
    const message = `pool '${settings.pool}' has replicas 0 to ${replicas - 1}, got ${settings.replica}`;
    context.report.error([...path, "replica"], message);
  }
  if (settings.at >= context.file.simulation.duration) {
    context.report.warning([...path, "at"], "this is after the end of the simulation");
  }
  const common = { pool, replica: settings.replica, atNs: settings.at };
  if (fault.crash !== undefined)
    return { kind: "crash", ...common, downForNs: fault.crash.downFor };
  if (fault.slow === undefined) return undefined;
  return { kind: "slow", ...common, forNs: fault.slow.for, factor: fault.slow.factor };
}

/** Duration, warm-up, seed and audit. */
export function resolveSimulation(context: Context): SimulationConfig {
  const { duration, maxRequests, warmup, seed, audit } = context.file.simulation;
  if (duration === 0) {
    context.report.error(["simulation", "duration"], "expected a duration above 0s");
  } else if (warmup >= duration) {
    context.report.error(["simulation", "warmup"], "expected a warm-up shorter than the duration");
  }
  const isEndless =
    duration === Number.POSITIVE_INFINITY && maxRequests === Number.POSITIVE_INFINITY;
  const drawn = Object.entries(context.file.workload).filter(
    ([, client]) => !("trace" in client.arrivals),
  );
  if (isEndless && drawn.length > 0) {
    const message = `the run would never end: client '${drawn[0]![0]}' keeps sending; give a duration or maxRequests`;
    context.report.error(["simulation", "duration"], message);
  }
  return { durationNs: duration, maxRequests, warmupNs: warmup, seed, audit };
}
