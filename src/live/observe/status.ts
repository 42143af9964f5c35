/**
 * The platform at one moment as JSON: latency against target, queues, who runs where, money and quotas. A pure function of the
 * engine, what was collected, and the time. The form is stable: fields are added and never renamed, `schemaVersion` says
 * when one means something else. Durations in ms or s, money in dollars; null is "unknown" or "no limit", never 0.
 */
import type { Engine } from "../../engine/engine.ts";
import type { LatencyMetric, SlaTarget } from "../../engine/config.ts";
import { CHARGE_KINDS, type ChargeKind } from "../../engine/cost/charge.ts";
import type { ReplicaView } from "../../engine/allocation/replica-view.ts";
import type { TenantState } from "../../engine/tenant.ts";
import { busyUntil } from "../../replica/port.ts";
import { SLA_MIN_SAMPLES, type SlaWindow } from "../../engine/sla/sla-window.ts";
import type { Exchange } from "../exchange.ts";
import type { Collecting } from "./collecting.ts";
import type { PresentLatency } from "./recent.ts";

/** Tenants listed: those with most requests so far. Each costs a sort of its last 1,000 latencies. */
const MOST_TENANTS = 100;
/** Replicas listed, in the order of the pools. */
const MOST_REPLICAS = 256;

export interface TargetStatus {
  readonly metric: LatencyMetric;
  readonly percentile: number;
  readonly limitMs: number;
  /** Over the tenant's last 1,000 completed requests; null with fewer than 100. */
  readonly measuredMs: number | null;
  readonly samples: number;
  readonly verdict: "met" | "missed" | "not-enough-data";
}

export interface Compliance {
  readonly completed: number;
  /** Share of completed requests within every target since the start; null before the first. */
  readonly met: number | null;
  /** What the objective is held against: refused for want of room, failed and given up count as not met. */
  readonly metOfOwed: number | null;
  /** The same with every request that did not complete, those over the tenant's own quotas too. */
  readonly metOfAll: number | null;
  readonly objective: number;
}

export interface TierStatus {
  readonly name: string;
  readonly targets: readonly {
    readonly metric: LatencyMetric;
    readonly percentile: number;
    readonly limitMs: number;
  }[];
  /** Of all the tier's requests that got their first token in the last minute. */
  readonly lastMinute: PresentLatency;
  /** Waiting for their first token for longer than the TTFT target allows, at most 10,000; 0 without such a target. */
  readonly overdue: number;
  readonly compliance: Compliance;
  readonly queued: number;
  readonly running: number;
}

interface QuotaUse {
  readonly used: number;
  /** Held for requests in flight. */
  readonly reserved: number;
  readonly limit: number | null;
}

export interface TenantStatus {
  readonly name: string;
  readonly tier: string;
  /** Place in the platform: what `runs` of replicas and the slices of the event feed refer to. */
  readonly index: number;
  readonly targets: readonly TargetStatus[];
  /** Median TTFT over the window of the TTFT target; null with fewer than 100 requests, or without such a target. */
  readonly ttftMsP50: number | null;
  readonly compliance: Compliance;
  readonly arrived: number;
  readonly rejected: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly queued: number;
  readonly running: number;
  /** Charged so far. GPU time is in the bill when its request has left, idle time and adapters every ten seconds. */
  readonly costUsd: Readonly<Record<ChargeKind, number>>;
  readonly costUsdTotal: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly quotas: {
    readonly concurrentRequests: { readonly used: number; readonly limit: number | null };
    readonly tokensToday: QuotaUse;
    readonly spendThisMonthUsd: QuotaUse;
  };
}

export interface ReplicaStatus {
  /** As events name it: the pool's name and its place there. */
  readonly name: string;
  readonly pool: string;
  readonly isUp: boolean;
  /** "off", "booting" and "draining" only where its pool scales. */
  readonly state: "up" | "down" | "off" | "booting" | "draining";
  /** Sequences by tenant, most first. */
  readonly runs: readonly { readonly tenant: number; readonly sequences: number }[];
  readonly maxSequences: number;
  readonly kvBlocksUsed: number;
  readonly kvBlocks: number;
  /** Share of the time since the snapshot before in which it computed; null in the first. */
  readonly busyShare: number | null;
  /** Since the start: what the next snapshot takes the difference from. */
  readonly busyS: number;
}

export interface PlatformStatus {
  readonly schemaVersion: 1;
  /** Since the start of the run. */
  readonly atS: number;
  readonly requestsInFlight: number;
  readonly costUsdTotal: number;
  readonly tiers: readonly TierStatus[];
  /** At most 100, most requests first; `tenantsInAll` says how many there are. */
  readonly tenants: readonly TenantStatus[];
  readonly tenantsInAll: number;
  /** At most 256. */
  readonly replicas: readonly ReplicaStatus[];
  readonly replicasInAll: number;
  readonly replicasUp: number;
  /** Paid for now; the others are off. */
  readonly replicasProvisioned: number;
  /** The last 50, newest first. */
  readonly events: readonly {
    readonly atS: number;
    readonly kind: string;
    readonly tenant: string | null;
    readonly aggressor: string | null;
    readonly message: string;
  }[];
}

/** Takes the snapshot. `before` is the one before, which the busy shares count from. */
export function platformStatus(
  engine: Engine<Exchange>,
  collecting: Collecting,
  nowNs: number,
  before?: PlatformStatus,
): PlatformStatus {
  const { tiers, tenants } = engine.platform;
  const nameOf = (tenant: number | undefined): string | null =>
    tenant === undefined ? null : (tenants[tenant]?.name ?? null);
  const listed = engine.tenants
    .toSorted((a, b) => arrivedOf(collecting, b.index) - arrivedOf(collecting, a.index))
    .slice(0, MOST_TENANTS);
  return {
    schemaVersion: 1,
    atS: nowNs / 1e9,
    requestsInFlight: engine.requestsInFlight,
    costUsdTotal: engine.tenants.reduce((sum, { index }) => sum + costUsd(engine, index).total, 0),
    tiers: tiers.map((_, tier) => tierStatus(engine, collecting, tier, nowNs)),
    tenants: listed.map((tenant) => tenantStatus(engine, collecting, tenant)),
    tenantsInAll: tenants.length,
    replicas: engine.replicas
      .slice(0, MOST_REPLICAS)
      .map((replica) => replicaStatus(engine, replica, nowNs, before)),
    replicasInAll: engine.replicas.length,
    replicasUp: engine.replicas.filter(({ isUp }) => isUp).length,
    replicasProvisioned: engine.replicas.filter(({ life }) => life.isProvisioned).length,
    events: collecting.events.toReversed().map(({ timeNs, event }) => ({
      atS: timeNs / 1e9,
      kind: event.kind,
      tenant: nameOf(event.tenant),
      aggressor: nameOf(event.aggressor),
      message: event.message,
    })),
  };
}

function arrivedOf({ collector }: Collecting, tenant: number): number {
  return collector.tenants[tenant]?.arrived ?? 0;
}

function tierStatus(
  engine: Engine<Exchange>,
  collecting: Collecting,
  tier: number,
  nowNs: number,
): TierStatus {
  const { name, targets, objective } = engine.platform.tiers[tier]!;
  const members = engine.tenants.filter(({ config }) => config.tier === tier);
  const ttftLimitNs = targets.find(({ metric }) => metric === "ttft")?.limitNs ?? Infinity;
  const load = members.map((member) => loadOf(engine, member));
  return {
    name,
    targets: targets.map(({ metric, percentile, limitNs }) => ({
      metric,
      percentile,
      limitMs: limitNs / 1e6,
    })),
    lastMinute: collecting.recent.present(tier),
    overdue: collecting.recent.overdue(tier, nowNs, ttftLimitNs),
    compliance: compliance(
      collecting,
      members.map(({ index }) => index),
      objective,
    ),
    queued: load.reduce((sum, { queued }) => sum + queued, 0),
    running: load.reduce((sum, { running }) => sum + running, 0),
  };
}

function tenantStatus(
  engine: Engine<Exchange>,
  collecting: Collecting,
  tenant: TenantState,
): TenantStatus {
  const { index, config, quota } = tenant;
  const tier = engine.platform.tiers[config.tier]!;
  const { targets, windows } = engine.sla.tenants[index]!;
  const ttft = windows[targets.findIndex(({ metric }) => metric === "ttft")];
  const stats = collecting.collector.tenants[index]!;
  const cost = costUsd(engine, index);
  const { promptTokens, outputTokens, arrived, failed, cancelled } = stats;
  return {
    name: config.name,
    tier: tier.name,
    index,
    targets: targets.map((target, place) => targetStatus(target, windows[place]!)),
    ttftMsP50: inMs(ttft?.percentileNs(50)),
    compliance: compliance(collecting, [index], tier.objective),
    arrived,
    rejected: stats.rejected.reduce((sum, count) => sum + count, 0),
    failed,
    cancelled,
    ...loadOf(engine, tenant),
    costUsd: cost.byKind,
    costUsdTotal: cost.total,
    promptTokens,
    outputTokens,
    quotas: {
      concurrentRequests: {
        used: quota.leases,
        limit: finite(config.quotas.maxConcurrentRequests),
      },
      tokensToday: {
        used: quota.tokensPerDay.spent,
        reserved: quota.tokensPerDay.reserved,
        limit: finite(quota.tokensPerDay.limit),
      },
      spendThisMonthUsd: {
        used: quota.spendPerMonth.spent / 1e9,
        reserved: quota.spendPerMonth.reserved / 1e9,
        limit: finite(quota.spendPerMonth.limit / 1e9),
      },
    },
  };
}

function targetStatus(target: SlaTarget, window: SlaWindow): TargetStatus {
  const { metric, percentile, limitNs } = target;
  const measuredNs = window.percentileNs();
  const isMet = measuredNs !== undefined && measuredNs <= limitNs;
  return {
    metric,
    percentile,
    limitMs: limitNs / 1e6,
    measuredMs: inMs(measuredNs),
    samples: window.size,
    verdict: window.size < SLA_MIN_SAMPLES ? "not-enough-data" : isMet ? "met" : "missed",
  };
}

function replicaStatus(
  engine: Engine<Exchange>,
  replica: ReplicaView<Exchange>,
  nowNs: number,
  before: PlatformStatus | undefined,
): ReplicaStatus {
  const { config, meter, isUp, index, pool } = replica;
  const sequences = new Map<number, number>();
  for (const request of replica.bound) {
    if (request === undefined) continue;
    sequences.set(request.tenant, (sequences.get(request.tenant) ?? 0) + 1);
  }
  const busyS = busyUntil(meter, nowNs) / 1e9;
  const earlier = before?.replicas[index];
  const elapsedS = nowNs / 1e9 - (before?.atS ?? 0);
  const first = engine.schedulers[pool]!.replicas[0]!.index;
  return {
    name: `${config.name}/${index - first}`,
    pool: config.name,
    isUp,
    state: stateOf(replica),
    runs: [...sequences]
      .map(([tenant, count]) => ({ tenant, sequences: count }))
      .toSorted((a, b) => b.sequences - a.sequences || a.tenant - b.tenant),
    maxSequences: config.maxNumSeqs,
    kvBlocksUsed: meter.kvBlocksUsed,
    kvBlocks: config.kvBlocks,
    busyShare:
      earlier === undefined || elapsedS <= 0
        ? null
        : Math.min(1, Math.max(0, (busyS - earlier.busyS) / elapsedS)),
    busyS,
  };
}

function stateOf({ isUp, life }: ReplicaView<Exchange>): ReplicaStatus["state"] {
  if (life.state !== "serving") return life.state;
  return isUp ? "up" : "down";
}

function loadOf(
  engine: Engine<Exchange>,
  { index, config }: TenantState,
): { queued: number; running: number } {
  let queued = 0;
  let running = 0;
  for (const pool of config.pools) {
    const scheduler = engine.schedulers[pool]!;
    queued += scheduler.queuedOf(index);
    running += scheduler.boundByTenant[index]!;
  }
  return { queued, running };
}

function compliance(
  { collector }: Collecting,
  members: readonly number[],
  objective: number,
): Compliance {
  let completed = 0;
  let met = 0;
  let lost = 0;
  let lostOwed = 0;
  for (const member of members) {
    const stats = collector.tenants[member]!;
    completed += stats.measured;
    met += stats.met;
    lost += stats.lost;
    lostOwed += stats.lostOwed;
  }
  return {
    completed,
    met: completed === 0 ? null : met / completed,
    metOfOwed: completed + lostOwed === 0 ? null : met / (completed + lostOwed),
    metOfAll: completed + lost === 0 ? null : met / (completed + lost),
    objective,
  };
}

function costUsd(
  engine: Engine<Exchange>,
  tenant: number,
): { readonly byKind: Readonly<Record<ChargeKind, number>>; readonly total: number } {
  const byKind = { gpu: 0, input: 0, "cached-input": 0, output: 0, adapter: 0, idle: 0, lent: 0 };
  let total = 0;
  for (const kind of CHARGE_KINDS) {
    byKind[kind] = engine.ledger.amount(tenant, kind) / 1e9;
    total += byKind[kind];
  }
  return { byKind, total };
}

function inMs(ns: number | undefined): number | null {
  return ns === undefined ? null : ns / 1e6;
}

function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}
