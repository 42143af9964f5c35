/**
 * The tables about the platform rather than its customers: what each tenant costs, the pools and replicas with what they
 * were busy with, and what happened during the run.
 */
import type {
  PlatformEvent,
  Results,
  ScalingBlock,
  TenantResult,
  UtilizationBlock,
} from "../../results/results.ts";
import { DEFINITIONS } from "../definitions.ts";
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatShare,
  formatUsd,
  MISSING,
} from "../format.ts";
import { cell, left, right, toned, type Cell, type Column, type Table } from "../table.ts";

export const EVENT_WORDS: Readonly<Record<PlatformEvent["kind"], string>> = {
  "noisy-neighbour": "noisy neighbour",
  "noisy-neighbour-ended": "noisy neighbour ended",
  "mitigation-tightened": "aggressor held back",
  "mitigation-relaxed": "hold relaxed",
  "mitigation-ended": "hold ended",
  "replica-down": "replica down",
  "replica-up": "replica up",
  "replica-slow": "replica slow",
  "replica-slow-ended": "replica slow ended",
  "scale-out": "scale out",
  "scale-in": "scale in",
  "replica-released": "replica given back",
  straggler: "straggler found",
  "straggler-ended": "straggler recovered",
};

/** Events beyond this many stay in results.json: a page of a bad day must still open. Assumed. */
const EVENTS_SHOWN = 500;

const UTILIZATION_COLUMNS: readonly Column[] = [
  right("Busy", DEFINITIONS.utilization.meaning),
  right("MFU", DEFINITIONS.mfu.meaning),
  right("Memory bandwidth", DEFINITIONS.bandwidth.meaning),
  right("KV blocks", "Mean share of KV-cache blocks in use while busy."),
  right("Mean batch", "Mean number of sequences in a step."),
];

/** Costs per tenant by kind, with the GPU part under the 1/batch rule beside it. */
export function costTable(results: Results): Table {
  return {
    title: "Cost per tenant",
    columns: [
      left("Tenant"),
      right("GPU"),
      right("GPU by 1/batch", DEFINITIONS.baseline.meaning),
      right("Input tokens"),
      right("Cached input"),
      right("Output tokens"),
      right("Adapters"),
      right("Idle", "Idle time of its dedicated pools, and its share of idle time that is spread."),
      right("Total"),
      right("GPU seconds"),
      right("Billed $/M tokens"),
    ],
    rows: results.tenants.map(costRow),
  };
}

function costRow({ name, cost }: TenantResult): readonly Cell[] {
  const parts = [
    cost.gpuUsd,
    cost.gpuUsdByBatchShare,
    cost.inputTokensUsd,
    cost.cachedInputTokensUsd,
  ];
  const more = [cost.outputTokensUsd, cost.adaptersUsd, cost.idleUsd];
  return [
    cell(name),
    ...[...parts, ...more].map((usd) => (usd === 0 ? toned("$0", "muted") : cell(formatUsd(usd)))),
    cell(formatUsd(cost.totalUsd)),
    cell(formatNumber(cost.gpuSeconds, 4)),
    cell(formatUsd(cost.usdPerMillionTokens), "No token was delivered."),
  ];
}

export function poolTables(results: Results): readonly Table[] {
  return [poolUseTable(results), poolCostTable(results), ...adapterTables(results)];
}

function poolUseTable(results: Results): Table {
  return {
    title: "Pools",
    columns: [
      left("Pool"),
      left("Kind"),
      left("Model"),
      left("GPU"),
      right("Replicas"),
      right("GPUs provisioned", "On average, where the pool scales."),
      right("GPUs by rule of thumb", DEFINITIONS.requiredGpus.meaning),
      ...UTILIZATION_COLUMNS,
    ],
    rows: results.pools.map((pool) => {
      const replicas = pool.scaling?.meanReplicas ?? pool.replicas;
      const provisioned = formatNumber(replicas * pool.gpusPerReplica, 4);
      return [
        cell(pool.name),
        cell(pool.owner === null ? pool.kind : `${pool.kind} to ${pool.owner}`),
        cell(pool.model),
        cell(pool.gpu),
        cell(pool.scaling === null ? formatCount(pool.replicas) : scalingRange(pool.scaling)),
        cell(provisioned),
        cell(formatCount(pool.requiredGpus)),
        ...utilizationCells(pool.utilization),
      ];
    }),
  };
}

function scalingRange({ min, max }: ScalingBlock): string {
  return `${formatCount(min)} to ${formatCount(max)}`;
}

function poolCostTable(results: Results): Table {
  return {
    title: "Cost and adapters per pool",
    columns: [
      left("Pool"),
      right("GPU hours"),
      right("GPU cost"),
      right("Charged to requests"),
      right("Idle"),
      right(
        "Lent",
        "Share of a dedicated pool's GPU time that others than its owner used and paid for.",
      ),
      right("Down"),
      right("Booting", "Provisioned and paid for, but not yet able to work."),
      right("Saved by scaling", "What the most replicas, all the time, would have cost more."),
      right("Adapter loads"),
      right("Adapter hits"),
    ],
    rows: results.pools.map((pool) => [
      cell(pool.name),
      cell(formatNumber(pool.gpuHours, 4)),
      cell(formatUsd(pool.gpuUsd)),
      cell(formatUsd(pool.chargedUsd)),
      cell(formatUsd(pool.idleUsd)),
      cell(pool.kind === "dedicated" ? formatShare(pool.lentShare) : "—"),
      cell(formatUsd(pool.downUsd)),
      cell(formatUsd(pool.bootUsd)),
      cell(formatUsd(pool.scaling?.savedUsd ?? null), "The pool has a fixed size."),
      cell(formatCount(pool.adapterLoads)),
      cell(formatShare(pool.adapterHitRate), "No request used an adapter."),
    ]),
  };
}

/** Who used adapters, and what that made the replicas load; nothing where nobody has any. */
function adapterTables({ tenants }: Results): readonly Table[] {
  const users = tenants.flatMap(({ name, adapterHits: hits, adapterLoads: loads }) =>
    hits === null || loads === null || hits + loads === 0 ? [] : [{ name, hits, loads }],
  );
  if (users.length === 0) return [];
  return [
    {
      title: "Adapters per tenant",
      columns: [left("Tenant"), right("Adapter there already"), right("Loads"), right("Hits")],
      rows: users.map(({ name, hits, loads }) => [
        cell(name),
        cell(formatCount(hits)),
        cell(formatCount(loads)),
        cell(formatShare(hits / (hits + loads))),
      ]),
    },
  ];
}

export function replicaTable(results: Results): Table {
  return {
    title: "Replicas",
    columns: [
      left("Replica"),
      left("Pool"),
      right("Steps"),
      right("Completed"),
      ...UTILIZATION_COLUMNS,
      right("Down"),
      right("KV pressure", "Times the KV cache could not grow and a sequence had to leave."),
    ],
    rows: results.replicas.map((replica) => [
      cell(replica.name),
      cell(replica.pool),
      cell(formatCount(replica.steps)),
      cell(formatCount(replica.completed)),
      ...utilizationCells(replica.utilization),
      replica.downSeconds === 0
        ? toned("0 s", "muted")
        : toned(formatDuration(replica.downSeconds), "bad"),
      replica.kvPressureEvents === 0
        ? toned("0", "muted")
        : cell(formatCount(replica.kvPressureEvents)),
    ]),
  };
}

/** What happened, in order of time; undefined when nothing did. */
export function eventTable(results: Results): Table | undefined {
  if (results.events.length === 0) return undefined;
  const shown = results.events.slice(0, EVENTS_SHOWN);
  const table: Table = {
    title: "Events",
    columns: [
      left("At"),
      left("Event"),
      left("Tenant"),
      left("Aggressor"),
      left("Where"),
      { label: "What happened", align: "left", isProse: true },
    ],
    rows: shown.map((event) => [
      cell(formatDuration(event.atS)),
      cell(EVENT_WORDS[event.kind]),
      cell(event.tenant ?? MISSING, "Not about one tenant."),
      cell(event.aggressor ?? MISSING, "No aggressor."),
      cell(
        [event.pool, event.replica].filter((part) => part !== null).join(" / ") || MISSING,
        "Not about one pool.",
      ),
      cell(event.message),
    ]),
  };
  if (shown.length === results.events.length) return table;
  const note = `The first ${EVENTS_SHOWN} of ${formatCount(results.events.length)} events; results.json holds all.`;
  return { ...table, note };
}

function utilizationCells(utilization: UtilizationBlock): readonly Cell[] {
  return [
    cell(formatShare(utilization.busy)),
    cell(formatShare(utilization.mfu)),
    cell(formatShare(utilization.memoryBandwidth)),
    cell(formatShare(utilization.kvBlocks)),
    cell(formatNumber(utilization.meanBatch)),
  ];
}
