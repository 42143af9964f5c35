/**
 * Puts the scenario's faults on the agenda: replicas, machines and shares of a pool that go down and come back, planned or at
 * random, and stragglers. A replica that several faults hold down comes up when the last of them ends. What is off cannot
 * fail: a fault passes it by, and what is provisioned later is another machine.
 */
import { Heap } from "../base/heap.ts";
import { type RandomStream, drawExponential, randomStream } from "../base/random.ts";
import type { Collector } from "../results/collector.ts";
import { nodeReplicas, nodesOf } from "../scenario/nodes.ts";
import type { FaultConfig, Scenario } from "../scenario/scenario.ts";
import type { SimulatedCluster } from "./cluster.ts";
import type { EventQueue } from "./event-queue.ts";

interface Stage {
  readonly cluster: SimulatedCluster;
  readonly events: EventQueue;
  readonly collector: Collector;
}

interface Action {
  readonly timeNs: number;
  readonly sequence: number;
  readonly run: (nowNs: number) => void;
}

/** Replicas that go down together, and for how long each time. */
interface Strike {
  readonly replicas: () => readonly number[];
  readonly downForNs: number;
  readonly cause: string;
}

/** Between a repair and the next failure of the same thing, and for each repair, at least this: events need an order. */
const LEAST_DRAWN_NS = 1_000_000;

export function planFaults(scenario: Scenario, stage: Stage): void {
  const faults = new Faults(scenario, stage);
  for (const [index, fault] of scenario.faults.entries()) faults.plan(fault, index);
  faults.start();
}

class Faults {
  readonly #scenario: Scenario;
  readonly #stage: Stage;
  /** In order of time; faults of the same time strike in the order of the file. */
  readonly #agenda = new Heap<Action>(
    (a, b) => a.timeNs < b.timeNs || (a.timeNs === b.timeNs && a.sequence < b.sequence),
  );
  readonly #source: number;
  readonly #downUntilNs: Float64Array;
  #sequence = 0;

  constructor(scenario: Scenario, stage: Stage) {
    this.#scenario = scenario;
    this.#stage = stage;
    this.#downUntilNs = new Float64Array(stage.cluster.replicas.length);
    this.#source = stage.events.addSource("fault", (nowNs) => {
      this.#agenda.pop()!.run(nowNs);
      this.start();
    });
  }

  /** Puts the next action on the simulation's agenda. */
  start(): void {
    this.#stage.events.schedule(this.#source, this.#agenda.peek()?.timeNs ?? Infinity);
  }

  plan(fault: FaultConfig, index: number): void {
    if (fault.kind === "slow") this.#planSlow(fault);
    else if (fault.kind === "random") this.#planRandom(fault, index);
    else {
      const strike = this.#strikeOf(fault);
      this.#at(fault.atNs, (nowNs) => this.#strike(nowNs, strike));
    }
  }

  #at(timeNs: number, run: (nowNs: number) => void): void {
    if (timeNs !== Infinity) this.#agenda.push({ timeNs, sequence: this.#sequence++, run });
  }

  #strikeOf(fault: Extract<FaultConfig, { kind: "crash" | "lose" | "node" }>): Strike {
    const { pool, downForNs } = fault;
    const first = this.#firstOf(pool);
    if (fault.kind === "crash") {
      return { replicas: () => [first + fault.replica], downForNs, cause: "a planned crash" };
    }
    if (fault.kind === "lose") {
      const replicas = () => this.#lastProvisioned(pool, fault.count);
      return { replicas, downForNs, cause: "capacity was lost" };
    }
    const config = this.#scenario.platform.pools[pool]!;
    const replicas = nodeReplicas(config, fault.node).map((place) => first + place);
    const cause = `its machine, node ${fault.node} of the pool, failed`;
    return { replicas: () => replicas, downForNs, cause };
  }

  /** The last of those that are on and not down already: as many as are to be lost. */
  #lastProvisioned(pool: number, count: Extract<FaultConfig, { kind: "lose" }>["count"]): number[] {
    const first = this.#firstOf(pool);
    const { replicas } = this.#scenario.platform.pools[pool]!;
    const all = Array.from({ length: replicas }, (_, place) => first + place);
    const on = all.filter((replica) => !this.#stage.cluster.replicas[replica]!.isOff);
    const lost = "replicas" in count ? count.replicas : Math.ceil(count.share * on.length);
    const working = on.filter((replica) => !this.#stage.cluster.replicas[replica]!.isDown);
    return working.slice(-lost);
  }

  #strike(nowNs: number, { replicas, downForNs, cause }: Strike): void {
    const { cluster } = this.#stage;
    for (const replica of replicas()) {
      const simulated = cluster.replicas[replica]!;
      if (simulated.isOff) continue;
      const endNs = nowNs + downForNs;
      const heldNs = simulated.isDown ? this.#downUntilNs[replica]! : 0;
      this.#downUntilNs[replica] = Math.max(heldNs, endNs);
      cluster.crash(nowNs, replica, cause);
      this.#at(endNs, (laterNs) => {
        if (laterNs >= this.#downUntilNs[replica]!) cluster.restart(laterNs, replica);
      });
    }
  }

  /** Every replica, or machine, has a stream of its own: whatever else the scenario holds, its failures stay the same. */
  #planRandom(fault: Extract<FaultConfig, { kind: "random" }>, index: number): void {
    const config = this.#scenario.platform.pools[fault.pool]!;
    const first = this.#firstOf(fault.pool);
    const things =
      fault.of === "node"
        ? Array.from({ length: nodesOf(config) }, (_, node) => nodeReplicas(config, node))
        : Array.from({ length: config.replicas }, (_, place) => [place]);
    for (const [number, places] of things.entries()) {
      const name = `fault ${index}/${config.name}/${fault.of}/${number}`;
      const random = randomStream(this.#scenario.simulation.seed, name);
      this.#failNext(0, fault, { random, replicas: places.map((place) => first + place) });
    }
  }

  /** Draws when the thing fails after `fromNs`; as it does, for how long, and so on. */
  #failNext(
    fromNs: number,
    fault: Extract<FaultConfig, { kind: "random" }>,
    thing: { readonly random: RandomStream; readonly replicas: readonly number[] },
  ): void {
    const { random, replicas } = thing;
    this.#at(fromNs + drawnNs(random, fault.mtbfNs), (nowNs) => {
      const downForNs = drawnNs(random, fault.mttrNs);
      const cause = fault.of === "node" ? "its machine failed" : "it failed";
      this.#strike(nowNs, { replicas: () => replicas, downForNs, cause });
      this.#failNext(nowNs + downForNs, fault, thing);
    });
  }

  #planSlow(fault: Extract<FaultConfig, { kind: "slow" }>): void {
    const { cluster, collector } = this.#stage;
    const { pool, factor } = fault;
    const replica = this.#firstOf(pool) + fault.replica;
    const name = `${this.#scenario.platform.pools[pool]!.name}/${fault.replica}`;
    const tell = (nowNs: number, kind: "replica-slow" | "replica-slow-ended", message: string) =>
      collector.event(nowNs, {
        kind,
        tenant: undefined,
        aggressor: undefined,
        pool,
        replica,
        message,
      });
    this.#at(fault.atNs, (nowNs) => {
      if (cluster.replicas[replica]!.isOff) return;
      cluster.slow(nowNs, replica, factor);
      tell(nowNs, "replica-slow", `${name} takes ${factor} times as long for every step.`);
      this.#at(fault.atNs + fault.forNs, (laterNs) => {
        cluster.slow(laterNs, replica, 1);
        tell(laterNs, "replica-slow-ended", `${name} runs at full speed again.`);
      });
    });
  }

  #firstOf(pool: number): number {
    const before = this.#scenario.platform.pools.slice(0, pool);
    return before.reduce((sum, { replicas }) => sum + replicas, 0);
  }
}

function drawnNs(random: RandomStream, meanNs: number): number {
  return Math.max(LEAST_DRAWN_NS, Math.round(meanNs * drawExponential(random)));
}
