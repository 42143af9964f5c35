/**
 * Draws a scenario's traffic without serving it: how much will come, when, how long, of whom. Where arrivals do not depend on
 * the platform this is exactly what a run of the same seed sees; of clients that wait for answers or retry it is what they send
 * before any answer. What a platform must do at least, and how many misses an objective allows, follow from it.
 */
import type { ClientConfig, Scenario } from "../scenario/scenario.ts";
import type { SimulationHooks } from "./simulate.ts";
import type { Client } from "./workload/client.ts";
import { createClient } from "./workload/clients.ts";
import { PromptStreams } from "./workload/prompt-streams.ts";

/** Slices of the run in which work is added up; assumed: ten to a slot of a day's curve. */
export const SURVEY_SLICES = 240;
/** Requests kept of each client, evenly thinned: enough for the P99.9 of each. */
const MOST_SAMPLES = 5000;

export interface TrafficSlice {
  requests: number;
  promptTokens: number;
  outputTokens: number;
  /** Context tokens that its decode steps read: of each request, output x (prompt + output / 2). */
  contextTokens: number;
}

export interface SampledRequest {
  readonly promptTokens: number;
  readonly outputTokens: number;
}

export interface ClientSurvey {
  readonly requests: number;
  /** Of them, those after the warm-up. */
  readonly measured: number;
  readonly slices: readonly TrafficSlice[];
  readonly samples: readonly SampledRequest[];
}

export interface TrafficSurvey {
  /** Until when requests arrive, as far as it is known. */
  readonly endNs: number;
  /** In the order of the scenario's clients. */
  readonly clients: readonly ClientSurvey[];
}

/** Fails: whatever `openTrace` throws. */
export function surveyTraffic(
  scenario: Scenario,
  { openTrace }: Pick<SimulationHooks, "openTrace">,
): TrafficSurvey {
  const { clients, platform, simulation } = scenario;
  const promptStreams = new PromptStreams();
  const sources = clients.map((config) =>
    createClient(config, {
      promptStreams,
      seed: simulation.seed,
      tenantName: platform.tenants[config.tenant]!.name,
      durationNs: simulation.durationNs,
      openTrace,
    }),
  );
  const drawn = draw(sources, simulation.maxRequests);
  const endNs =
    simulation.durationNs !== Infinity && drawn.total < simulation.maxRequests
      ? simulation.durationNs
      : drawn.lastNs + 1;
  return {
    endNs,
    clients: drawn.requests.map((requests) =>
      clientSurvey(requests, { endNs, warmupNs: simulation.warmupNs }),
    ),
  };
}

interface Drawn {
  readonly times: number[];
  readonly prompts: number[];
  readonly outputs: number[];
}

/** Everything up to the limit, in order of time: a limit on requests counts those of all clients. */
function draw(
  sources: readonly Client[],
  maxRequests: number,
): { readonly requests: readonly Drawn[]; readonly total: number; readonly lastNs: number } {
  const requests = sources.map((): Drawn => ({ times: [], prompts: [], outputs: [] }));
  let total = 0;
  let lastNs = 0;
  // Without a limit, clients do not know of each other, and one after the other is quicker.
  const groups = maxRequests === Infinity ? sources.map((_, at) => [at]) : [[...sources.keys()]];
  for (const group of groups) {
    while (total < maxRequests) {
      const at = earliest(sources, group);
      if (at === undefined) break;
      const { timeNs, promptTokens, outputTokens } = sources[at]!.take();
      const { times, prompts, outputs } = requests[at]!;
      times.push(timeNs);
      prompts.push(promptTokens);
      outputs.push(outputTokens);
      total += 1;
      lastNs = Math.max(lastNs, timeNs);
    }
  }
  return { requests, total, lastNs };
}

function earliest(sources: readonly Client[], group: readonly number[]): number | undefined {
  let best: number | undefined;
  let bestNs = Infinity;
  for (const at of group) {
    const { nextArrivalNs } = sources[at]!;
    if (nextArrivalNs >= bestNs) continue;
    best = at;
    bestNs = nextArrivalNs;
  }
  return best;
}

function clientSurvey(
  { times, prompts, outputs }: Drawn,
  run: { readonly endNs: number; readonly warmupNs: number },
): ClientSurvey {
  const slices = Array.from(
    { length: SURVEY_SLICES },
    (): TrafficSlice => ({ requests: 0, promptTokens: 0, outputTokens: 0, contextTokens: 0 }),
  );
  const samples: SampledRequest[] = [];
  const every = Math.max(1, Math.ceil(times.length / MOST_SAMPLES));
  let measured = 0;
  for (let at = 0; at < times.length; at++) {
    const promptTokens = prompts[at]!;
    const outputTokens = outputs[at]!;
    const part = Math.floor((times[at]! / run.endNs) * SURVEY_SLICES);
    const slice = slices[Math.min(SURVEY_SLICES - 1, part)]!;
    slice.requests += 1;
    slice.promptTokens += promptTokens;
    slice.outputTokens += outputTokens;
    slice.contextTokens += outputTokens * (promptTokens + outputTokens / 2);
    if (times[at]! >= run.warmupNs) measured += 1;
    if (at % every === 0) samples.push({ promptTokens, outputTokens });
  }
  return { requests: times.length, measured, slices, samples };
}

/** Names of the clients that send otherwise when they are served otherwise: who waits for answers, and who tries again. */
export function dependentClients({
  clients,
}: {
  readonly clients: readonly ClientConfig[];
}): string[] {
  return clients
    .filter(
      ({ arrivals, conversation, retry }) =>
        arrivals.kind === "closed-loop" || conversation !== undefined || retry.attempts > 0,
    )
    .map(({ name }) => name);
}
