/**
 * Gathers what the inputs of one turn of the event loop cost, hands it to the ledger as one batch, and tells the exchanges
 * that ended with it once the batch is durable. So one write serves all that ended together, and no client sees its last
 * byte before its charges are safe.
 */
import type { Charge } from "../engine/cost/charge.ts";
import type { PlatformConfig } from "../engine/config.ts";
import type { Outcome } from "../engine/request.ts";
import type { Backend, LiveRequest } from "./backends/backend.ts";
import type { Clock } from "./clock.ts";
import type { Exchange } from "./exchange.ts";
import type { LedgerCharge, LedgerSink, LedgerUsage } from "./ledger.ts";

interface GroupParts {
  /** As it is now: a reload may have added tenants. */
  readonly platform: () => PlatformConfig;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly ledger: LedgerSink;
}

interface Finished {
  readonly request: LiveRequest;
  readonly outcome: Outcome;
}

export class LedgerGroup {
  readonly #parts: GroupParts;
  #charges: LedgerCharge[] = [];
  #usage: LedgerUsage[] = [];
  #finished: Finished[] = [];
  #unconfirmed = 0;
  #onIdle: (() => void) | undefined;

  constructor(parts: GroupParts) {
    this.#parts = parts;
  }

  charged(nowNs: number, charge: Charge, exchange: Exchange | undefined): void {
    if (charge.quantity === 0 && charge.amountNanoUsd === 0) return;
    this.#charges.push({
      atMs: this.#unixMs(nowNs),
      tenant: this.#parts.platform().tenants[charge.tenant]!.name,
      request: exchange?.id,
      kind: charge.kind,
      quantity: charge.quantity,
      amountNanoUsd: charge.amountNanoUsd,
      isEstimate: this.#isEstimate(charge, exchange),
    });
  }

  #isEstimate({ kind }: Charge, exchange: Exchange | undefined): boolean {
    if (kind === "gpu") return this.#parts.backend.meterKind === "request";
    return exchange?.isEstimate === true;
  }

  ended(nowNs: number, request: LiveRequest, outcome: Outcome): void {
    const platform = this.#parts.platform();
    const hasToken = !Number.isNaN(request.firstTokenNs);
    this.#usage.push({
      request: request.origin.id,
      tenant: platform.tenants[request.tenant]!.name,
      pool: platform.pools[request.pool]!.name,
      adapter: request.origin.adapter,
      arrivedMs: this.#unixMs(request.arrivalNs),
      endedMs: this.#unixMs(nowNs),
      ttftMs: hasToken ? (request.firstTokenNs - request.arrivalNs) / 1e6 : undefined,
      promptTokens: request.promptTokens,
      cachedTokens: request.cachedTokens,
      outputTokens: request.outputTokens,
      outcome,
    });
    this.#finished.push({ request, outcome });
  }

  /** Sends off what has gathered. */
  flush(): void {
    if (this.#charges.length === 0 && this.#usage.length === 0) return;
    const batch = { charges: this.#charges, usage: this.#usage };
    const finished = this.#finished;
    this.#charges = [];
    this.#usage = [];
    this.#finished = [];
    this.#unconfirmed += 1;
    this.#parts.ledger.append(batch, () => {
      this.#unconfirmed -= 1;
      for (const { request, outcome } of finished) {
        const { problem } = request.origin;
        request.origin.ended({ outcome, request, problem });
      }
      if (this.#unconfirmed === 0) this.#onIdle?.();
    });
  }

  /** Resolves when everything sent off is durable. */
  idle(): Promise<void> {
    if (this.#unconfirmed === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #unixMs(nowNs: number): number {
    return this.#parts.clock.startedAtMs + nowNs / 1e6;
  }
}
