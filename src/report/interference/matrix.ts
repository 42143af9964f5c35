/**
 * What each tenant's presence costs every other, from runs with everybody and runs without each in turn, paired by their seeds:
 * the change of P99 TTFT and of compliance. Written as interference.json as it stands. A figure is null where either side has
 * too few samples for a verdict; an interval needs two replications.
 */
import { assert } from "../../base/assert.ts";
import type { Results, TenantResult } from "../../results/results.ts";
import { CONFIDENCE, type Interval, meanInterval, meanOf } from "../compare/paired.ts";

/** The verdicts' own minimum (engine/sla): fewer samples say nothing about a P99. */
const LEAST_SAMPLES = 100;

export interface Change {
  /** Means over the replications. */
  readonly present: number;
  readonly absent: number;
  /** present - absent. */
  readonly change: number;
  /** present / absent; null where that is 0. */
  readonly ratio: number | null;
  /** 95 %, of the change; null with one replication. */
  readonly interval: Interval | null;
}

/** What one tenant's presence does to another; null for itself. */
export interface Effect {
  readonly ttftMsP99: Change | null;
  readonly complianceOwed: Change | null;
}

export interface Sufferer {
  readonly tenant: string;
  readonly tier: string;
  /** In the order of `neighbours`. */
  readonly effects: readonly (Effect | null)[];
}

export interface InterferenceSetting {
  readonly seeds: readonly number[];
  /** Clients that send otherwise when they are served otherwise. */
  readonly dependentClients: readonly string[];
  /** Tenants with a pool of their own, which stands idle while they are absent. */
  readonly owners: readonly string[];
}

export interface Interference {
  readonly schemaVersion: 1;
  readonly tenantryVersion: string;
  readonly scenario: Omit<Results["scenario"], "seed">;
  readonly policy: string;
  readonly simulatedSeconds: number;
  readonly setting: InterferenceSetting;
  readonly confidence: number | null;
  /** Who was left out in turn: every tenant that sends anything. */
  readonly neighbours: readonly string[];
  readonly tenants: readonly Sufferer[];
}

interface Absence {
  readonly tenant: string;
  readonly runs: readonly Results[];
}

/** At least one run with everybody, and as many of every absence, under the same seeds. */
export function interferenceOf(
  present: readonly Results[],
  absences: readonly Absence[],
  setting: InterferenceSetting,
): Interference {
  const [first] = present;
  assert(first !== undefined, "somebody has run");
  const { name, description, hash } = first.scenario;
  const senders = new Set(absences.map(({ tenant }) => tenant));
  return {
    schemaVersion: 1,
    tenantryVersion: first.tenantryVersion,
    scenario: { name, description, hash },
    policy: first.policy,
    simulatedSeconds: first.run.simulatedSeconds,
    setting,
    confidence: present.length > 1 ? CONFIDENCE : null,
    neighbours: absences.map(({ tenant }) => tenant),
    tenants: first.tenants
      .filter(({ name: tenant }) => senders.has(tenant))
      .map(({ name: tenant, tier }) => ({
        tenant,
        tier,
        effects: absences.map((absence) =>
          absence.tenant === tenant
            ? null
            : effectOf(tenantIn(present, tenant), tenantIn(absence.runs, tenant)),
        ),
      })),
  };
}

function tenantIn(runs: readonly Results[], name: string): readonly TenantResult[] {
  return runs.map(({ tenants }) => {
    const tenant = tenants.find((one) => one.name === name);
    assert(tenant !== undefined, "absent tenants stay in the platform");
    return tenant;
  });
}

function effectOf(present: readonly TenantResult[], absent: readonly TenantResult[]): Effect {
  return {
    ttftMsP99: changeOf(present, absent, ({ latency: { ttftMs } }) =>
      ttftMs.count < LEAST_SAMPLES ? null : ttftMs.p99,
    ),
    // Of all that arrived: whoever completes hardly anything has lost its compliance, and is not short of samples.
    complianceOwed: changeOf(present, absent, ({ sla, counts }) =>
      counts.arrived < LEAST_SAMPLES ? null : sla.complianceOwed,
    ),
  };
}

function changeOf(
  present: readonly TenantResult[],
  absent: readonly TenantResult[],
  of: (tenant: TenantResult) => number | null,
): Change | null {
  assert(present.length === absent.length, "every run has its counterpart");
  const pairs = present.flatMap((tenant, at) => {
    const a = of(tenant);
    const b = of(absent[at]!);
    return a === null || b === null ? [] : [{ a, b }];
  });
  // A mean over some replications only would be of something else.
  if (pairs.length < present.length) return null;
  const within = meanOf(pairs.map(({ a }) => a));
  const without = meanOf(pairs.map(({ b }) => b));
  return {
    present: within,
    absent: without,
    change: within - without,
    ratio: without === 0 ? null : within / without,
    interval: meanInterval(pairs.map(({ a, b }) => a - b)) ?? null,
  };
}

/** Whether the interval leaves room for no change at all. */
export function mayBeChance({ interval }: Change): boolean {
  return interval !== null && interval.low <= 0 && interval.high >= 0;
}
