/** Puts the scenario's faults on the agenda: replicas that crash and come back, and stragglers. */
import type { Collector } from "../results/collector.ts";
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
  readonly run: (nowNs: number) => void;
}

export function planFaults(scenario: Scenario, stage: Stage): void {
  const { pools } = scenario.platform;
  const actions = scenario.faults.flatMap((fault) => {
    let first = 0;
    for (let pool = 0; pool < fault.pool; pool++) first += pools[pool]!.replicas;
    return actionsOf(fault, first + fault.replica, {
      ...stage,
      name: `${pools[fault.pool]!.name}/${fault.replica}`,
    });
  });
  // The sort is stable: faults of the same time strike in the order of the file.
  actions.sort((a, b) => a.timeNs - b.timeNs);
  const { events } = stage;
  let next = 0;
  const source = events.addSource("fault", (nowNs) => {
    actions[next]!.run(nowNs);
    next += 1;
    events.schedule(source, actions[next]?.timeNs ?? Infinity);
  });
  events.schedule(source, actions[0]?.timeNs ?? Infinity);
}

function actionsOf(
  fault: FaultConfig,
  replica: number,
  stage: Stage & { readonly name: string },
): Action[] {
  const { cluster, collector, name } = stage;
  const { pool, atNs } = fault;
  if (fault.kind === "crash") {
    return [
      { timeNs: atNs, run: (nowNs) => cluster.crash(nowNs, replica, "a planned crash") },
      { timeNs: atNs + fault.downForNs, run: (nowNs) => cluster.restart(nowNs, replica) },
    ];
  }
  const tell = (nowNs: number, kind: "replica-slow" | "replica-slow-ended", message: string) =>
    collector.event(nowNs, {
      kind,
      tenant: undefined,
      aggressor: undefined,
      pool,
      replica,
      message,
    });
  return [
    {
      timeNs: atNs,
      run(nowNs) {
        cluster.slow(nowNs, replica, fault.factor);
        tell(nowNs, "replica-slow", `${name} takes ${fault.factor} times as long for every step.`);
      },
    },
    {
      timeNs: atNs + fault.forNs,
      run(nowNs) {
        cluster.slow(nowNs, replica, 1);
        tell(nowNs, "replica-slow-ended", `${name} runs at full speed again.`);
      },
    },
  ];
}
