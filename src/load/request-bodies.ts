/**
 * Writes the requests of a workload as an OpenAI-compatible server reads them: model or adapter by name, a prompt of the
 * wanted length, and the wanted output length in one of two ways, since a client can only ask for it.
 */
import type { ClientConfig, Scenario } from "../scenario/scenario.ts";
import type { Arrival } from "../sim/workload/client.ts";
import { PromptText } from "./prompt.ts";

/** How and where a workload is played. */
export interface Plan {
  /** As the user wrote it, for reports. */
  readonly url: string;
  readonly origin: string;
  /** Path of the API, for example /v1. */
  readonly basePath: string;
  readonly endpoint: "chat" | "completions";
  readonly lengths: "hint" | "max-tokens";
  /** Name to ask for in place of the pools' models; undefined takes the scenario's names. */
  readonly model: string | undefined;
  /** API key per tenant, in the platform's order; undefined sends none. */
  readonly keys: readonly (string | undefined)[];
}

interface Written {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export class RequestBodies {
  readonly #scenario: Scenario;
  readonly #plan: Plan;
  readonly #prompts: PromptText;
  readonly #segments: PromptText;
  readonly #headers: readonly Record<string, string>[];
  readonly #path: string;

  constructor(scenario: Scenario, plan: Plan) {
    this.#scenario = scenario;
    this.#plan = plan;
    this.#prompts = new PromptText(scenario.simulation.seed);
    this.#segments = new PromptText(scenario.simulation.seed, "segments");
    this.#headers = plan.keys.map(headersWith);
    const name = plan.endpoint === "chat" ? "chat/completions" : "completions";
    this.#path = `${plan.basePath}/${name}`;
  }

  /** A request that costs a server nothing: for its list of models, with the first key there is. */
  probe(): { readonly path: string; readonly headers: Record<string, string> } {
    const key = this.#plan.keys.findIndex((one) => one !== undefined);
    return { path: `${this.#plan.basePath}/models`, headers: this.#headers[Math.max(0, key)]! };
  }

  /** The `number`-th request, for this arrival of this client. */
  write(config: ClientConfig, arrival: Arrival, number: number): Written {
    const { segments, promptTokens } = arrival;
    const prompt =
      segments === undefined
        ? this.#prompts.take(number, promptTokens)
        : this.#segments.takeSegments(segments, promptTokens);
    const input =
      this.#plan.endpoint === "chat"
        ? { messages: [{ role: "user", content: prompt }] }
        : { prompt };
    const body = JSON.stringify({
      model: this.#modelOf(config, arrival),
      ...input,
      stream: true,
      stream_options: { include_usage: true },
      ...this.#lengthOf(arrival),
    });
    return { path: this.#path, headers: this.#headers[config.tenant]!, body };
  }

  #modelOf({ tenant, pool }: ClientConfig, { adapter }: Arrival): string {
    const { tenants, pools } = this.#scenario.platform;
    if (adapter !== undefined) return tenants[tenant]!.adapters[adapter]!.name;
    return this.#plan.model ?? pools[pool]!.model.name;
  }

  /** JSON leaves out what is undefined: a client that sends no max_tokens sends none here either. */
  #lengthOf({ outputTokens, maxOutputTokens }: Arrival): object {
    return this.#plan.lengths === "hint"
      ? { max_tokens: maxOutputTokens, paced_output_tokens: outputTokens }
      : { max_tokens: outputTokens, ignore_eos: true };
  }
}

function headersWith(key: string | undefined): Record<string, string> {
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  return key === undefined ? headers : { ...headers, authorization: `Bearer ${key}` };
}
