/**
 * Writes the requests for one upstream server: which of its extra fields they use, and what has been learned of it. vLLM refuses
 * any priority but 0 unless it was started with --scheduling-policy priority; a server that said so once gets none.
 */
import type { PlatformConfig } from "../../../engine/config.ts";
import type { UpstreamProblem } from "../../exchange.ts";
import type { LiveRequest } from "../backend.ts";
import { type Dialect, priorityOf } from "./dialects.ts";
import { requestBody } from "./request-body.ts";

export class RequestWriter {
  readonly #platform: PlatformConfig;
  readonly #dialect: Dialect;
  readonly #cacheSalt: (tenant: number) => string;
  #takesPriority: boolean;

  constructor(platform: PlatformConfig, dialect: Dialect, cacheSalt: (tenant: number) => string) {
    this.#platform = platform;
    this.#dialect = dialect;
    this.#cacheSalt = cacheSalt;
    this.#takesPriority = dialect.priority !== undefined;
  }

  /** The body to send; undefined where the client's is nested so deeply that it cannot be written. */
  bodyOf(request: LiveRequest, model: string): string | undefined {
    const { endpoint, body } = request.origin;
    const tiers = this.#platform.tiers.length;
    try {
      return requestBody({
        endpoint,
        body,
        model,
        maxOutputTokens: request.maxOutputTokens,
        dialect: this.#dialect,
        priority: this.#takesPriority ? priorityOf(this.#dialect, request.tier, tiers) : undefined,
        cacheSalt: this.#cacheSalt(request.tenant),
      });
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** Whether the server refused something of ours that it will not be sent again: then the request may be. */
  learn(problem: UpstreamProblem): boolean {
    if (!this.#takesPriority || !/priority scheduling/iu.test(problem.message)) return false;
    this.#takesPriority = false;
    return true;
  }
}
