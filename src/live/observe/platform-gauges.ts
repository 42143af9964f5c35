/**
 * The metrics that are read and not noted: what the engine, its replicas and the driver say at the moment of a scrape.
 * All of it comes from one look between two inputs, so that its parts fit together. Totals are taken over from the
 * engine's own accounts, which only ever grow.
 */
import { Counter, Gauge, type Registry } from "prom-client";
import { CHARGE_KINDS } from "../../engine/cost/charge.ts";
import type { Engine } from "../../engine/engine.ts";
import { busyUntil } from "../../replica/port.ts";
import type { Driver } from "../driver.ts";
import type { Exchange } from "../exchange.ts";
import type { TenantLabels } from "./tenant-labels.ts";

const TOKEN_KINDS = ["input", "cached-input", "output"] as const;

export class PlatformGauges {
  readonly #labels: TenantLabels;
  #driver: Driver | undefined;
  #ledgerBacklog: () => number = () => 0;
  readonly #tokens: Counter<"tenant" | "kind">;
  readonly #cost: Counter<"tenant" | "kind">;
  readonly #busy: Counter<"pool" | "replica">;
  readonly #queued: Gauge<"tier" | "tenant">;
  readonly #running: Gauge<"tier" | "tenant">;
  readonly #inFlight: Gauge;
  readonly #replicaUp: Gauge<"pool" | "replica">;
  readonly #provisioned: Gauge<"pool" | "replica">;
  readonly #kvUsed: Gauge<"pool" | "replica">;
  readonly #kvBlocks: Gauge<"pool" | "replica">;
  readonly #targets: Gauge<"tier" | "metric" | "percentile">;
  readonly #lag: Gauge;
  readonly #inbox: Gauge;
  readonly #backlog: Gauge;

  constructor(registry: Registry, labels: TenantLabels) {
    this.#labels = labels;
    const registers = [registry];
    const gauge = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[] = [],
    ): Gauge<Label> => new Gauge({ name, help, labelNames, registers });
    const counter = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[],
    ): Counter<Label> => new Counter({ name, help, labelNames, registers });
    this.#tokens = counter("tenantry_tokens_total", "Tokens billed, by kind.", ["tenant", "kind"]);
    this.#cost = counter(
      "tenantry_cost_usd_total",
      "Charged so far, US dollars: GPU time, tokens, adapters and idle time of dedicated pools.",
      ["tenant", "kind"],
    );
    this.#busy = counter("tenantry_replica_busy_seconds_total", "Time in which it computed.", [
      "pool",
      "replica",
    ]);
    const who = ["tier", "tenant"] as const;
    this.#queued = gauge("tenantry_queued_requests", "Requests waiting for a replica.", who);
    this.#running = gauge("tenantry_running_requests", "Requests bound to a replica.", who);
    this.#inFlight = gauge("tenantry_in_flight_requests", "Requests admitted and not yet ended.");
    const where = ["pool", "replica"] as const;
    this.#replicaUp = gauge("tenantry_replica_up", "1 while it takes requests, else 0.", where);
    this.#provisioned = gauge(
      "tenantry_replica_provisioned",
      "1 while it is paid for, else 0: always, unless its pool scales.",
      where,
    );
    this.#kvUsed = gauge("tenantry_kv_blocks_used", "KV cache blocks in use.", where);
    this.#kvBlocks = gauge("tenantry_kv_blocks", "KV cache blocks there are.", where);
    this.#targets = gauge(
      "tenantry_target_seconds",
      "What each tier promises: the percentile of the metric must be within this.",
      ["tier", "metric", "percentile"],
    );
    this.#lag = gauge(
      "tenantry_engine_lag_seconds",
      "How late the newest submissions reached the engine.",
    );
    this.#inbox = gauge("tenantry_inbox_size", "Submissions waiting for the engine.");
    this.#backlog = gauge(
      "tenantry_ledger_backlog_batches",
      "Batches handed to the ledger that are not durable yet.",
    );
  }

  attach(driver: Driver, ledgerBacklog: () => number): void {
    this.#driver = driver;
    this.#ledgerBacklog = ledgerBacklog;
  }

  /** Brings everything up to now; before there is a driver, nothing is known and nothing shown. */
  read(): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    // Read before `inspect`, which lets the driver catch up.
    this.#lag.set(driver.lagNs / 1e9);
    this.#inbox.set(driver.inboxSize);
    this.#backlog.set(this.#ledgerBacklog());
    driver.inspect((engine, nowNs) => {
      this.#inFlight.set(engine.requestsInFlight);
      this.#readTenants(engine);
      this.#readReplicas(engine, nowNs);
      this.#readTargets(engine);
    });
  }

  #readTenants(engine: Engine<Exchange>): void {
    for (const metric of [this.#tokens, this.#cost, this.#queued, this.#running]) metric.reset();
    for (const { index, config } of engine.tenants) {
      const tenant = this.#labels.of(index);
      const tier = engine.platform.tiers[config.tier]!.name;
      for (const kind of TOKEN_KINDS) {
        this.#tokens.inc({ tenant, kind }, engine.ledger.quantity(index, kind));
      }
      for (const kind of CHARGE_KINDS) {
        this.#cost.inc({ tenant, kind }, engine.ledger.amount(index, kind) / 1e9);
      }
      let queued = 0;
      let running = 0;
      for (const pool of config.pools) {
        queued += engine.schedulers[pool]!.queuedOf(index);
        running += engine.schedulers[pool]!.boundByTenant[index]!;
      }
      this.#queued.inc({ tier, tenant }, queued);
      this.#running.inc({ tier, tenant }, running);
    }
  }

  #readReplicas(engine: Engine<Exchange>, nowNs: number): void {
    this.#busy.reset();
    for (const { replicas } of engine.schedulers) {
      for (const [place, { config, meter, isUp, life }] of replicas.entries()) {
        const labels = { pool: config.name, replica: `${config.name}/${place}` };
        this.#busy.inc(labels, Math.max(0, busyUntil(meter, nowNs)) / 1e9);
        this.#provisioned.set(labels, life.isProvisioned ? 1 : 0);
        this.#replicaUp.set(labels, isUp ? 1 : 0);
        this.#kvUsed.set(labels, meter.kvBlocksUsed);
        this.#kvBlocks.set(labels, config.kvBlocks);
      }
    }
  }

  #readTargets({ platform }: Engine<Exchange>): void {
    this.#targets.reset();
    for (const { name, targets } of platform.tiers) {
      for (const { metric, percentile, limitNs } of targets) {
        this.#targets.set({ tier: name, metric, percentile: String(percentile) }, limitNs / 1e9);
      }
    }
  }
}
