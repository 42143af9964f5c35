/** The questions that an answer's sensitivity asks: each a change to traffic or platform, or a reason why there is nothing to ask. */
import type { PoolConfig } from "../../engine/config.ts";
import { nodeReplicas } from "../../scenario/nodes.ts";
import { changesAnything, type TrafficChange } from "../traffic-change.ts";
import type { Variant } from "../variant.ts";
import type { Candidate } from "./judge.ts";

export interface WhatIf {
  readonly id: string;
  readonly what: string;
  readonly question:
    | { readonly kind: "change"; readonly change: Pick<Variant, "traffic" | "lost"> }
    /** Known without a simulation: broken, or not to be said of this scenario. */
    | { readonly kind: "known"; readonly isKept: false | null; readonly note: string };
}

const GROWTH = [1, 1.25, 1.5, 2];
/** How much longer prompts and burstier arrivals are; assumed: what a new feature, and a marketing mail, come to. */
const PROMPT_SCALE = 1.5;
const BURST_SCALE = 1.5;

export function whatIfs(candidate: Candidate): WhatIf[] {
  return [
    ...GROWTH.map(growthOf),
    traffic(candidate, {
      id: "prompts",
      what: `prompts x ${PROMPT_SCALE}`,
      change: { promptScale: PROMPT_SCALE },
    }),
    traffic(candidate, {
      id: "bursts",
      what: `burstier: gaps' variation x ${BURST_SCALE}`,
      change: { burstScale: BURST_SCALE },
    }),
    ...losses(candidate),
  ];
}

function growthOf(growth: number): WhatIf {
  const what = growth === 1 ? "as planned" : `traffic x ${growth}`;
  return {
    id: `growth-${growth}`,
    what,
    question: { kind: "change", change: { traffic: { growth } } },
  };
}

function traffic(
  { design }: Candidate,
  {
    id,
    what,
    change,
  }: { readonly id: string; readonly what: string; readonly change: TrafficChange },
): WhatIf {
  if (changesAnything(design.scenario, change)) {
    return { id, what, question: { kind: "change", change: { traffic: change } } };
  }
  const note = "nothing in this workload can be changed so";
  return { id, what, question: { kind: "known", isKept: null, note } };
}

/** Per pool, one replica less, and one machine less, for the whole run. */
function losses({ design, sizes }: Candidate): WhatIf[] {
  return design.scenario.platform.pools.flatMap((config, pool) => {
    const at = design.sized.findIndex((one) => one.pool === pool);
    const replicas = at === -1 ? config.replicas : sizes[at]!;
    const inMachine = nodeReplicas({ ...config, replicas }, 0).length;
    const one = loss({
      pool,
      replicas,
      lost: 1,
      what: `one ${gpuWords(config)} lost in ${config.name}`,
    });
    const machine = `one machine of ${config.gpusPerNode} GPUs lost in ${config.name}`;
    return inMachine > 1 ? [one, loss({ pool, replicas, lost: inMachine, what: machine })] : [one];
  });
}

function gpuWords({ gpusPerReplica, gpu }: PoolConfig): string {
  return gpusPerReplica === 1 ? gpu.name : `${gpu.name} (a replica of ${gpusPerReplica})`;
}

function loss(given: {
  readonly pool: number;
  readonly replicas: number;
  readonly lost: number;
  readonly what: string;
}): WhatIf {
  const { pool, replicas, lost, what } = given;
  const id = `lost-${lost === 1 ? "gpu" : "machine"}-${pool}`;
  if (lost < replicas) {
    return { id, what, question: { kind: "change", change: { lost: [[pool, lost]] } } };
  }
  const note = "nothing would be left of the pool";
  return { id, what, question: { kind: "known", isKept: false, note } };
}
