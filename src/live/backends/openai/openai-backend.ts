/**
 * The backend of upstream servers that speak the OpenAI API: one URL is one replica. A server composes its own steps, so all that
 * is known of a request is when it went in, when its first output came and when it ended; the engine binds only as many
 * to a server as its slots and KV promise allow, and everything else waits in the engine's queues.
 */
import { createHmac, randomBytes } from "node:crypto";
import { assert } from "../../../base/assert.ts";
import type { PlatformConfig, PoolConfig } from "../../../engine/config.ts";
import type { UpstreamConfig } from "../../../scenario/serve-config.ts";
import type { TokenCounter } from "../../token-count.ts";
import type { Backend, BackendHost, LiveRequest } from "../backend.ts";
import { RequestMeter } from "./request-meter.ts";
import { type Timing, USUAL_TIMING } from "./timing.ts";
import { Upstream } from "./upstream.ts";
import { UpstreamReplica, type UpstreamStats } from "./upstream-replica.ts";

export interface OpenAiBackendParts {
  readonly platform: PlatformConfig;
  /** Per pool, one per replica. */
  readonly upstreams: readonly (readonly UpstreamConfig[])[];
  /** Per pool: counts the output of streams that come without usage. */
  readonly counters: readonly TokenCounter[];
  /** Where the servers' keys are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timing?: Partial<Timing>;
}

export class OpenAiBackend implements Backend {
  readonly meterKind = "request";
  readonly meters: readonly RequestMeter[];
  /** Everything comes from outside. */
  readonly nextEventNs = Infinity;
  readonly #parts: OpenAiBackendParts;
  readonly #timing: Timing;
  readonly #upstreams: readonly (readonly Upstream[])[];
  readonly #secret = randomBytes(32);
  #replicas: readonly UpstreamReplica[] = [];

  /** Throws where a server's key is not in the environment. */
  constructor(parts: OpenAiBackendParts) {
    const { platform, upstreams, environment } = parts;
    this.#parts = parts;
    const timing = { ...USUAL_TIMING, ...parts.timing };
    this.#timing = timing;
    this.#upstreams = upstreams.map((list, pool) => {
      const poolModel = platform.pools[pool]!.model.name;
      return list.map((config) => new Upstream({ config, poolModel, environment, timing }));
    });
    this.meters = upstreams.flatMap((list, pool) =>
      list.map(() => new RequestMeter(platform.pools[pool]!.maxNumSeqs)),
    );
  }

  start(host: BackendHost): void {
    const { platform, counters } = this.#parts;
    const replicas: UpstreamReplica[] = [];
    for (const [index, pool] of platform.pools.entries()) {
      for (const upstream of this.#upstreams[index]!) {
        const parts = {
          index: replicas.length,
          pool,
          platform,
          upstream,
          counter: counters[index]!,
          cacheSalt: (tenant: number) => this.#cacheSalt(pool, tenant),
          timing: this.#timing,
        };
        replicas.push(new UpstreamReplica(parts, this.meters[replicas.length]!, host));
      }
    }
    this.#replicas = replicas;
    for (const replica of replicas) replica.start();
  }

  advance(): void {
    // Never due.
  }

  flush(): number {
    return Infinity;
  }

  join(_nowNs: number, replica: number, slot: number, request: LiveRequest): void {
    this.#replicas[replica]!.join(slot, request);
  }

  evict(_nowNs: number, replica: number, slot: number): void {
    this.#replicas[replica]!.evict(slot);
  }

  /**
   * Nothing: a boundary is asked for to extend the promise of a sequence that outgrows it, by counting steps. Steps cannot be
   * counted from here and sequences cannot be pushed out, so a promise stands as it was made.
   */
  askBoundary(): void {}

  loadAdapter(_nowNs: number, replica: number, adapter: number): void {
    this.#replicas[replica]!.loadAdapter(adapter);
  }

  unloadAdapter(_nowNs: number, replica: number, adapter: number): void {
    this.#replicas[replica]!.unloadAdapter(adapter);
  }

  /** Never asked for: a scenario that autoscales is refused with this backend. */
  provision(): void {
    assert(false, "an upstream server cannot be provisioned");
  }

  release(): void {
    assert(false, "an upstream server cannot be given back");
  }

  /** How every server does, in the order of the replicas. */
  upstreamStats(): UpstreamStats[] {
    return this.#replicas.map(({ stats }) => stats);
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.close()));
  }

  /** Keeps cached prompts apart as the pool says: the same for those who share, and nobody else's guess. */
  #cacheSalt({ name, prefixSharing }: PoolConfig, tenant: number): string {
    // A name holds no slash, so a pool and a tenant of one name have two salts.
    const sharing =
      prefixSharing === "pool" ? `pool/${name}` : this.#parts.platform.tenants[tenant]!.name;
    return createHmac("sha256", this.#secret).update(sharing).digest("base64url");
  }
}
