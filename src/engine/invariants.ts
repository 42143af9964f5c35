/**
 * Proves conservation: tokens, KV promises, leases, GPU time and money. Tests run it after every event; each assertion
 * compares two numbers that are kept by different code, so that any of them can fail.
 */
import { assert } from "../base/assert.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import { CHARGE_KINDS } from "./cost/charge.ts";
import type { Engine } from "./engine.ts";
import type { Request } from "./request.ts";

/** Sums of floating-point shares may differ from integer sums by this much per replica, ns. */
const GPU_TIME_TOLERANCE_NS = 2;

/** Throws AssertionError when something was created, lost or counted twice. Any time between two inputs. */
export function checkInvariants(engine: Engine<unknown>): void {
  const held = engine.tenants.map(() => ({ requests: 0, tokens: 0, nanoUsd: 0, memoryBytes: 0 }));
  for (const scheduler of engine.schedulers) {
    for (const queue of scheduler.backlogged) {
      assert(queue.size > 0, "an empty queue counts as backlogged");
      for (const request of queue.values()) {
        assert(request.state === "queued", "a request waits in a queue without being queued");
        hold(held[request.tenant]!, request);
      }
    }
    assert(!scheduler.hasPlaceableHead, "a request waits although a replica could take it");
    for (const replica of scheduler.replicas) checkReplica(engine, replica, held);
    const bound = [...scheduler.bound()].length;
    const byTier = scheduler.boundByTier.reduce((sum, count) => sum + count, 0);
    const byTenant = scheduler.boundByTenant.reduce((sum, count) => sum + count, 0);
    assert(byTier === bound && byTenant === bound, "bound requests are miscounted");
    const here = scheduler.replicas.reduce((sum, { boundCount }) => sum + boundCount, 0);
    assert(scheduler.replicas[0]!.poolLoad.bound === here, "a pool's load is miscounted");
  }
  for (const [index, tenant] of engine.tenants.entries()) {
    const { requests, tokens, nanoUsd, memoryBytes } = held[index]!;
    assert(tenant.quota.leases === requests, "concurrency leases differ from live requests");
    assert(requests <= tenant.quota.config.maxConcurrentRequests, "more leases than allowed");
    assert(
      tenant.quota.tokensPerDay.reserved === tokens,
      "reserved tokens differ from live requests'",
    );
    assert(
      tenant.quota.spendPerMonth.reserved === nanoUsd,
      "reserved money differs from live requests'",
    );
    assert(
      tenant.memory.heldBytes === memoryBytes,
      "GPU memory held differs from what is promised",
    );
    assert(memoryBytes <= tenant.memory.limitBytes, "a tenant holds more GPU memory than it may");
  }
  checkMoney(engine);
}

/**
 * Throws AssertionError when a nanosecond of a replica is missing or counted twice, when it is paid for longer or shorter than the
 * engine asked, or when a pool has fewer or more replicas than it may. Any time between two inputs.
 */
export function checkReplicaTime(engine: Engine<unknown>, nowNs: number): void {
  for (const { meter, life, boundCount, isUp } of engine.replicas) {
    const provisionedNs = life.provisionedUntil(nowNs);
    assert(
      provisionedNs === nowNs - meter.offUntil(nowNs),
      "a replica was provisioned for another time than the engine asked",
    );
    const restNs = meter.idleUntil(nowNs) + meter.downUntil(nowNs) + meter.bootUntil(nowNs);
    // The step under way is only measured when it ends; without sequences there is none.
    assert(restNs + meter.busyNs <= provisionedNs, "a replica did more than its time allows");
    assert(
      boundCount > 0 || restNs + meter.busyNs === provisionedNs,
      "time of a replica is neither busy, idle, down nor boot",
    );
    const mayWork = life.state === "serving" || life.state === "draining";
    assert(mayWork || (!isUp && boundCount === 0), "a replica works that is not provisioned");
  }
  for (const { config, replicas } of engine.schedulers) {
    const kept = replicas.filter(({ life }) => life.isProvisioned && life.state !== "draining");
    const least = config.autoscale?.min ?? config.replicas;
    assert(kept.length >= least, "a pool has fewer replicas than its least");
  }
}

interface Held {
  requests: number;
  tokens: number;
  nanoUsd: number;
  memoryBytes: number;
}

function hold(held: Held, request: Request<unknown>): void {
  held.requests += 1;
  held.tokens += request.reservedTokens;
  held.nanoUsd += request.reservedNanoUsd;
}

function checkReplica(
  engine: Engine<unknown>,
  replica: ReplicaView<unknown>,
  held: readonly Held[],
): void {
  let bound = 0;
  let borrowers = 0;
  let promised = 0;
  let pending = 0;
  const pins = new Map<number, number>();
  for (const [slot, request] of replica.bound.entries()) {
    if (request === undefined) continue;
    assert(
      request.slot === slot && request.replica === replica.index,
      "a request in the wrong slot",
    );
    assert(request.state !== "queued" && request.state !== "ended", "a slot held without need");
    bound += 1;
    if (request.pool !== replica.pool) {
      borrowers += 1;
      assert(replica.config.lend, "a borrower on a replica that is not lent");
    }
    promised += request.promisedBlocks;
    const contextTokens = request.promptTokens + request.outputTokens;
    assert(
      request.cachedHere >= 0 && request.cachedHere < contextTokens,
      "a context cached to its last token",
    );
    if (!request.isPrefilled) pending += contextTokens - request.cachedHere;
    hold(held[request.tenant]!, request);
    held[request.tenant]!.memoryBytes += request.promisedBlocks * replica.config.blockBytes;
    if (request.adapter === undefined) continue;
    const adapter = engine.tenants[request.tenant]!.firstAdapter + request.adapter;
    pins.set(adapter, (pins.get(adapter) ?? 0) + 1);
  }
  assert(replica.boundCount === bound, "a replica's slots are miscounted");
  const firstTokenNs = replica.forecast.aheadNs(replica) * replica.slowness;
  assert(replica.firstTokenNs(0) === firstTokenNs, "a prediction is of what was bound before");
  assert(replica.borrowerCount === borrowers, "borrowers are miscounted");
  assert(replica.promisedBlocks === promised, "promised KV blocks are miscounted");
  assert(replica.pendingPromptTokens === pending, "pending prompt tokens are miscounted");
  assert(replica.countedPromptTokens === pending, "a pending prompt is counted twice or never");
  assert(
    replica.meter.kvBlocksUsed <= replica.config.kvBlocks,
    "more KV blocks used than there are",
  );
  assert(
    replica.adapters.usedBytes <= replica.config.adapterBudgetBytes,
    "adapters over their budget",
  );
  for (const adapter of replica.adapters.held()) {
    assert(
      replica.adapters.pinsOf(adapter) === (pins.get(adapter) ?? 0),
      "adapter pins are miscounted",
    );
    const owner = engine.tenants.findLast(({ firstAdapter }) => firstAdapter <= adapter)!;
    held[owner.index]!.memoryBytes += owner.config.adapters[adapter - owner.firstAdapter]!.bytes;
  }
  checkGpuTime(engine, replica);
}

/** Charged + still running + lost = busy. */
function checkGpuTime(engine: Engine<unknown>, replica: ReplicaView<unknown>): void {
  const { meter } = replica;
  const account = engine.ledger.replicaAccount(replica.index);
  const attributedNs =
    account.chargedNs + account.carryNs + meter.inFlightPs() / 1000 + meter.lostNs;
  const toleranceNs = GPU_TIME_TOLERANCE_NS + 1e-9 * meter.busyNs;
  assert(
    Math.abs(attributedNs - meter.busyNs) <= toleranceNs,
    "GPU time charged differs from GPU time used",
  );
  const byCauseNs = (meter.fixedPs + meter.tokenPs + meter.attentionPs + meter.contextPs) / 1000;
  const partsNs = byCauseNs + meter.lostNs;
  // Each busy period's end is rounded up to a nanosecond once, which the causes do not see.
  assert(
    Math.abs(partsNs - meter.busyNs) <= toleranceNs + meter.steps,
    "busy time differs from its causes",
  );
}

/** What tenants and the platform were charged for GPU time is what the GPU time charged costs. */
function checkMoney(engine: Engine<unknown>): void {
  let tenantsNanoUsd = 0;
  for (const tenant of engine.tenants.keys()) {
    for (const kind of CHARGE_KINDS) {
      const amount = engine.ledger.amount(tenant, kind);
      assert(
        Number.isSafeInteger(amount) && amount >= 0,
        "an amount that is not whole nano-dollars",
      );
    }
    tenantsNanoUsd += engine.ledger.amount(tenant, "gpu");
  }
  let replicasNanoUsd = 0;
  for (const replica of engine.replicas) {
    const { chargedNs, chargedNanoUsd, overheadNanoUsd } = engine.ledger.replicaAccount(
      replica.index,
    );
    const expected = Math.round(chargedNs * engine.ledger.nanoUsdPerNs(replica.index));
    assert(chargedNanoUsd === expected, "GPU money differs from GPU time at its price");
    replicasNanoUsd += chargedNanoUsd - overheadNanoUsd;
  }
  assert(
    tenantsNanoUsd === replicasNanoUsd,
    "tenants were charged other GPU money than replicas earned",
  );
}
