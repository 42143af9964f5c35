/**
 * The same clients with other traffic: more of it, longer prompts, burstier arrivals. Random streams keep their names, so that a
 * changed run draws what the unchanged one drew, as far as there is the same to draw. What cannot be changed stays as it is
 * (lengths and gaps of a trace), and `changesAnything` says so.
 */
import { unreachable } from "../base/assert.ts";
import type { PlatformConfig } from "../engine/config.ts";
import type { ArrivalConfig, ClientConfig, LengthConfig, Scenario } from "../scenario/scenario.ts";

export interface TrafficChange {
  /** Multiplies rates, and the number of users. */
  readonly growth?: number;
  /** Multiplies prompt lengths, up to what the model's context leaves beside the longest output. */
  readonly promptScale?: number;
  /** Multiplies the coefficient of variation of the gaps; a Poisson process, whose is 1, becomes gamma. */
  readonly burstScale?: number;
}

/** The clients' largest coefficient of variation that a scenario file may state. */
const MOST_CV = 100;

export function changedClients(
  { clients, platform }: Pick<Scenario, "clients" | "platform">,
  change: TrafficChange,
): readonly ClientConfig[] {
  const { growth = 1, promptScale = 1, burstScale = 1 } = change;
  return clients.map((client) => ({
    ...client,
    arrivals: burstier(grown(client.arrivals, growth), burstScale),
    promptTokens: scaled(client.promptTokens, promptScale, longestPrompt(client, platform)),
  }));
}

/** Whether the change makes any difference to what these clients send. */
export function changesAnything(scenario: Scenario, change: TrafficChange): boolean {
  const before = scenario.clients.map(drawn);
  const after = changedClients(scenario, change).map(drawn);
  return JSON.stringify(before) !== JSON.stringify(after);
}

function drawn({ arrivals, promptTokens }: ClientConfig): unknown {
  return arrivals.kind === "trace" ? arrivals : { arrivals, promptTokens };
}

function grown(arrivals: ArrivalConfig, factor: number): ArrivalConfig {
  if (factor === 1) return arrivals;
  switch (arrivals.kind) {
    case "poisson":
    case "gamma":
    case "weibull":
    case "constant":
      return { ...arrivals, ratePerS: arrivals.ratePerS * factor };
    case "on-off":
      return {
        ...arrivals,
        onRatePerS: arrivals.onRatePerS * factor,
        offRatePerS: arrivals.offRatePerS * factor,
      };
    case "closed-loop":
      return { ...arrivals, users: Math.max(1, Math.round(arrivals.users * factor)) };
    case "trace":
      return {
        ...arrivals,
        trace: { ...arrivals.trace, rateScale: arrivals.trace.rateScale * factor },
      };
    default:
      return unreachable(arrivals);
  }
}

function burstier(arrivals: ArrivalConfig, factor: number): ArrivalConfig {
  if (factor === 1) return arrivals;
  switch (arrivals.kind) {
    case "gamma":
    case "weibull":
      return { ...arrivals, cv: Math.min(MOST_CV, arrivals.cv * factor) };
    case "poisson":
      return { ...arrivals, kind: "gamma", cv: Math.min(MOST_CV, factor) };
    // Even gaps have nothing to multiply; the others' bursts are their states, their users, or their file's.
    case "constant":
    case "on-off":
    case "closed-loop":
    case "trace":
      return arrivals;
    default:
      return unreachable(arrivals);
  }
}

function longestPrompt(client: ClientConfig, platform: PlatformConfig): number {
  const { maxContextTokens } = platform.pools[client.pool]!.model;
  const output = client.maxOutputTokens ?? platform.tenants[client.tenant]!.defaultMaxOutputTokens;
  return Math.max(1, maxContextTokens - output - (client.systemPrompt?.tokens ?? 0));
}

function scaled(length: LengthConfig, factor: number, longest: number): LengthConfig {
  if (factor === 1) return length;
  const tokens = (value: number): number => Math.min(longest, Math.max(1, value * factor));
  switch (length.kind) {
    case "constant":
      return { ...length, tokens: tokens(length.tokens) };
    case "uniform":
      return {
        ...length,
        min: Math.round(tokens(length.min)),
        max: Math.round(tokens(length.max)),
      };
    case "exponential":
      return { ...length, mean: tokens(length.mean), max: tokens(length.max) };
    case "lognormal":
      return {
        ...length,
        median: tokens(length.median),
        min: tokens(length.min),
        max: tokens(length.max),
      };
    case "empirical":
      return {
        ...length,
        quantiles: length.quantiles.map(([probability, value]) => [probability, tokens(value)]),
      };
    default:
      return unreachable(length);
  }
}
