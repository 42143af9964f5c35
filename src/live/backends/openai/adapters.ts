/**
 * LoRA adapters on one upstream: known there by name, or loaded and unloaded through vLLM's API, one command after the other.
 * An adapter goes by its tenant's and its own name everywhere upstream ("acme/support"), so that two tenants who gave
 * theirs the same name never meet; where it is loaded, that is also the path or repository it is loaded from.
 */
import type { PlatformConfig } from "../../../engine/config.ts";
import type { Upstream } from "./upstream.ts";

/** Times a load is tried before those who wait for it are told. */
const MOST_TRIES = 3;

/** What an upstream calls the platform's adapter of this number: tenants' adapters are numbered through, in order. */
export function adapterName(platform: PlatformConfig, adapter: number): string {
  let left = adapter;
  for (const { name, adapters } of platform.tenants) {
    const own = adapters[left];
    if (own !== undefined) return `${name}/${own.name}`;
    left -= adapters.length;
  }
  throw new RangeError(`the platform has no adapter number ${adapter}`);
}

/** The name of a tenant's adapter. */
export function tenantAdapterName(
  platform: PlatformConfig,
  tenant: number,
  adapter: number,
): string {
  const { name, adapters } = platform.tenants[tenant]!;
  return `${name}/${adapters[adapter]!.name}`;
}

export class UpstreamAdapters {
  readonly #upstream: Upstream;
  /** Loads that came to nothing: the next request for one tries again. */
  readonly #failed = new Set<string>();
  /** Commands are carried out in the order given. */
  #last: Promise<void> = Promise.resolve();

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  /** The adapter was to be loaded and is not. */
  isMissing(name: string): boolean {
    return this.#failed.has(name);
  }

  /** Resolves when the adapter can be used, or cannot be loaded: then isMissing says so. Never rejects. */
  load(name: string): Promise<void> {
    return this.#next(async () => {
      const path = "/load_lora_adapter";
      const isDone = await this.#try(path, { lora_name: name, lora_path: name });
      if (isDone) this.#failed.delete(name);
      else this.#failed.add(name);
    });
  }

  /** Resolves when the adapter is gone, or never was there. */
  unload(name: string): Promise<void> {
    return this.#next(async () => {
      this.#failed.delete(name);
      await this.#try("/unload_lora_adapter", { lora_name: name });
    });
  }

  #next(command: () => Promise<void>): Promise<void> {
    if (this.#upstream.config.adapters === "by-name") return Promise.resolve();
    this.#last = this.#last.then(command);
    return this.#last;
  }

  async #try(path: string, body: object): Promise<boolean> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      try {
        const { status, text } = await this.#upstream.post(path, body);
        // After an outage the server may hold what the engine believes lost.
        if (status < 300 || /already (been )?loaded/iu.test(text)) return true;
        if (status < 500) return false;
      } catch {
        // Whether the server is alive is found out by its probes.
      }
    }
    return false;
  }
}
