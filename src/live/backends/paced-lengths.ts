/**
 * How long the answers of a backend without a model are: as the request itself says (the knob of load tests), else as the
 * scenario's workload says of its tenant, else a length that a chat would have.
 */
import { randomStream } from "../../base/random.ts";
import { createLengthSampler } from "../../scenario/length-sampler.ts";
import type { LengthConfig, Scenario } from "../../scenario/scenario.ts";
import type { LiveRequest } from "./backend.ts";
import type { OutputLength } from "./paced.ts";

/** Body field with the exact number of output tokens: only the paced backend knows it. */
const KNOB = "paced_output_tokens";

/** Tenants without a workload: output lengths of a public chat arena, P50 211 tokens, P90 513, longest 977. */
const CHAT: LengthConfig = { kind: "lognormal", median: 211, sigma: 0.69, min: 1, max: 977 };

export function pacedLengths(scenario: Scenario): OutputLength {
  const samplers = new Map<number, () => number>();
  const samplerOf = (tenant: number): (() => number) => {
    const client = scenario.clients.find((one) => one.tenant === tenant);
    const isTrace = client === undefined || client.arrivals.kind === "trace";
    const lengths = isTrace ? CHAT : client.outputTokens;
    return createLengthSampler(
      lengths,
      randomStream(scenario.simulation.seed, `paced/tenant ${tenant}`),
    );
  };
  return (request: LiveRequest) => {
    const asked = request.origin.body[KNOB];
    if (typeof asked === "number" && Number.isInteger(asked) && asked >= 1) return asked;
    let sampler = samplers.get(request.tenant);
    if (sampler === undefined) {
      sampler = samplerOf(request.tenant);
      samplers.set(request.tenant, sampler);
    }
    return sampler();
  };
}
