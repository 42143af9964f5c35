/**
 * A scenario after loading: the platform in the engine's terms, and beside it what only a simulation needs (who sends
 * what, what breaks, for how long). Written by load.ts from a YAML or JSON file; read by the simulator. All times are
 * nanoseconds since the start of the run, all rates per second.
 */
import type { PlatformConfig } from "../engine/config.ts";
import type { PlanConfig } from "./plan-config.ts";
import type { ServeConfig } from "./serve-config.ts";

/** A multiplier on a client's rate over time; several multiply. */
export type RateShape =
  | {
      /** 24 (or any number of) equally long slots per period, relative to a mean of 1; linear in between, cyclic. */
      readonly kind: "diurnal";
      readonly periodNs: number;
      readonly levels: readonly number[];
      readonly phaseNs: number;
    }
  | {
      readonly kind: "ramp";
      readonly fromNs: number;
      readonly toNs: number;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: "spike";
      readonly atNs: number;
      readonly forNs: number;
      readonly factor: number;
    };

export type ArrivalConfig =
  | { readonly kind: "poisson"; readonly ratePerS: number; readonly shapes: readonly RateShape[] }
  | {
      readonly kind: "gamma";
      readonly ratePerS: number;
      readonly cv: number;
      readonly shapes: readonly RateShape[];
    }
  | {
      readonly kind: "weibull";
      readonly ratePerS: number;
      readonly cv: number;
      readonly shapes: readonly RateShape[];
    }
  | { readonly kind: "constant"; readonly ratePerS: number; readonly shapes: readonly RateShape[] }
  | {
      /** A two-state Markov-modulated Poisson process; sojourns are exponential. */
      readonly kind: "on-off";
      readonly onRatePerS: number;
      readonly offRatePerS: number;
      readonly meanOnNs: number;
      readonly meanOffNs: number;
      readonly shapes: readonly RateShape[];
    }
  | {
      readonly kind: "closed-loop";
      readonly users: number;
      readonly thinkMeanNs: number;
      readonly thinkCv: number;
    }
  | { readonly kind: "trace"; readonly trace: TraceConfig };

export type TraceFormat = "azure" | "burstgpt" | "mooncake" | "vtc" | "tenantry";

export interface TraceConfig {
  /** As written in the scenario, relative to its file; the reader resolves it. */
  readonly path: string;
  readonly format: TraceFormat;
  /** Multiplies the rate: 2 halves every gap. */
  readonly rateScale: number;
  /** Part of the trace to use, in trace time before scaling; its start becomes time 0. */
  readonly fromNs: number;
  readonly toNs: number;
  /** Only rows of these clients (formats that have such a column); undefined takes all. */
  readonly clients: readonly string[] | undefined;
  /** Spreads rows that share a coarse timestamp evenly over this much time (Mooncake: 3 s); 0 leaves them. */
  readonly spreadNs: number;
}

export type LengthConfig =
  | { readonly kind: "constant"; readonly tokens: number }
  | { readonly kind: "uniform"; readonly min: number; readonly max: number }
  | { readonly kind: "exponential"; readonly mean: number; readonly max: number }
  | {
      readonly kind: "lognormal";
      readonly median: number;
      readonly sigma: number;
      readonly min: number;
      readonly max: number;
    }
  /** Quantile table: (probability, tokens) rising in both, first probability 0, last 1; linear in between. */
  | {
      readonly kind: "empirical";
      readonly quantiles: readonly (readonly [probability: number, tokens: number])[];
    };

export interface RetryConfig {
  /** Attempts after the first. 0 never retries. */
  readonly attempts: number;
  /** First back-off; doubles each time up to the maximum. A server's retry-after wins when it is longer. */
  readonly backoffNs: number;
  readonly maxBackoffNs: number;
  /** Full width of the jitter as a share of the back-off, 0..1. */
  readonly jitter: number;
}

/** The same tokens before every prompt of a client, and of others that name it. */
export interface SystemPromptConfig {
  readonly name: string;
  readonly tokens: number;
}

/** Requests come as conversations: each turn's prompt is all that was said before, and something new. */
export interface ConversationConfig {
  readonly turns: LengthConfig;
  /** Pause between an answer and the next turn. */
  readonly thinkMeanNs: number;
  readonly thinkCv: number;
  /** A conversation whose next prompt would be longer has ended. */
  readonly maxPromptTokens: number;
}

/** One source of traffic. A tenant may have several. */
export interface ClientConfig {
  readonly name: string;
  /** Index into platform.tenants. */
  readonly tenant: number;
  /** Index into platform.pools: the pool that serves the model this client asks for. */
  readonly pool: number;
  readonly arrivals: ArrivalConfig;
  /** What a request adds to the system prompt and, in a conversation, to all before. Traces bring their own lengths. */
  readonly promptTokens: LengthConfig;
  readonly outputTokens: LengthConfig;
  readonly systemPrompt: SystemPromptConfig | undefined;
  /** Its prompts repeat after so many; Infinity: never. */
  readonly distinctPrompts: number;
  /** Undefined: every request is its own. */
  readonly conversation: ConversationConfig | undefined;
  /** What the client sends as max_tokens; undefined leaves it to the tenant's default. */
  readonly maxOutputTokens: number | undefined;
  /** Probability of each of the tenant's adapters (same order), and the rest on the base model. */
  readonly adapterShares: readonly number[];
  /** The client gives up this long after sending; Infinity never. */
  readonly timeoutNs: number;
  readonly retry: RetryConfig;
}

export type FaultConfig =
  | {
      readonly kind: "crash";
      readonly pool: number;
      readonly replica: number;
      readonly atNs: number;
      readonly downForNs: number;
    }
  | {
      /** A straggler: every step takes `factor` times as long. */
      readonly kind: "slow";
      readonly pool: number;
      readonly replica: number;
      readonly atNs: number;
      readonly forNs: number;
      readonly factor: number;
    }
  | {
      /** Several replicas of those provisioned then, the last first. */
      readonly kind: "lose";
      readonly pool: number;
      /** How many, or which share of them. */
      readonly count: { readonly replicas: number } | { readonly share: number };
      readonly atNs: number;
      /** Infinity: for good. */
      readonly downForNs: number;
    }
  | {
      /** Every replica with a GPU in this machine. */
      readonly kind: "node";
      readonly pool: number;
      readonly node: number;
      readonly atNs: number;
      readonly downForNs: number;
    }
  | {
      /** Each replica, or each machine, fails and is repaired after exponential times. */
      readonly kind: "random";
      readonly pool: number;
      readonly of: "replica" | "node";
      readonly mtbfNs: number;
      readonly mttrNs: number;
    };

export interface AuditConfig {
  /** Requests replayed to measure attribution accuracy; 0 leaves it out. */
  readonly requests: number;
  /** Standard deviation of the hidden truth's noise per step, as a share of its time. */
  readonly stepNoise: number;
  /** How far the hidden truth's coefficients lie from the biller's, as a share (each drawn once per replica). */
  readonly coefficientError: number;
}

export interface SimulationConfig {
  /** Arrivals stop at this time; requests in flight run to their end. Infinity: until the workload ends. */
  readonly durationNs: number;
  /** Stop after this many arrivals, whichever comes first. */
  readonly maxRequests: number;
  /** Requests that arrive earlier are simulated and billed but left out of latency and SLA figures. */
  readonly warmupNs: number;
  readonly seed: number;
  readonly audit: AuditConfig;
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly platform: PlatformConfig;
  readonly clients: readonly ClientConfig[];
  readonly faults: readonly FaultConfig[];
  readonly simulation: SimulationConfig;
  readonly serve: ServeConfig;
  readonly plan: PlanConfig;
  /** SHA-256 is the caller's business; this is the canonical JSON of the file after --set and defaults. */
  readonly canonicalJson: string;
}
