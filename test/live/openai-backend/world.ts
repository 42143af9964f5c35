/** A driver with the openai backend over fake servers, and clients of its own making. */
import { onTestFinished } from "vitest";
import { checkInvariants } from "../../../src/engine/invariants.ts";
import type { PlatformConfig } from "../../../src/engine/config.ts";
import type { Admission } from "../../../src/engine/request.ts";
import { textOf } from "../../../src/live/backends/openai/choices.ts";
import { OpenAiBackend } from "../../../src/live/backends/openai/openai-backend.ts";
import { systemClock } from "../../../src/live/clock.ts";
import { Driver } from "../../../src/live/driver.ts";
import type { Ending, Exchange, JsonObject, Piece } from "../../../src/live/exchange.ts";
import type { LedgerBatch, LedgerCharge } from "../../../src/live/ledger.ts";
import { JOURNAL_VERSION } from "../../../src/live/journal/lines.ts";
import { JournalWriter } from "../../../src/live/journal/writer.ts";
import { TokenCounter } from "../../../src/live/token-count.ts";
import type { EngineEvent } from "../../../src/engine/effects.ts";
import { FakeUpstream } from "../../support/fake-upstream.ts";
import { scenarioOf } from "../../support/scenario.ts";

/** Everything at a pace that a test can wait for. */
const HASTE = {
  connectMs: 1_000,
  firstByteMs: 2_000,
  silenceMs: 2_000,
  probeMs: 500,
  probeEveryMs: 50,
  reviveMs: 10,
  mostReviveMs: 40,
  backoffMs: 5,
  mostBackoffMs: 20,
  scrapeEveryMs: 10,
};

export interface WorldOptions {
  readonly servers?: number;
  /** Fields of each upstream beside its URL. */
  readonly upstream?: object;
  readonly pool?: object;
  readonly platform?: object;
  readonly counter?: TokenCounter;
  readonly environment?: Record<string, string>;
  readonly timing?: object;
  /** Where to write a journal. */
  readonly journal?: string;
}

export interface World {
  /** The platform, as it is before a run. */
  readonly platform: PlatformConfig;
  readonly driver: Driver;
  readonly backend: OpenAiBackend;
  readonly servers: readonly FakeUpstream[];
  readonly charges: LedgerCharge[];
  readonly events: EngineEvent[];
  submit(exchange: Client): Client;
  /** Resolves when `condition` holds, looking again whenever the event loop has turned. */
  until(condition: () => boolean): Promise<void>;
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const servers = await Promise.all(
    Array.from({ length: options.servers ?? 1 }, () => FakeUpstream.start()),
  );
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.kill().catch(() => {})));
  });
  const file = {
    version: 2,
    name: "openai-backend",
    platform: {
      pools: {
        main: {
          model: "llama-3.1-8b",
          gpu: "h100-sxm",
          replicas: servers.length,
          maxNumSeqs: 32,
          maxNumBatchedTokens: 8192,
          ...options.pool,
        },
      },
      tenants: {
        acme: { tier: "silver", adapters: { tuned: { rank: 8 } } },
        bravo: { tier: "bronze", adapters: { tuned: { rank: 8 } } },
      },
      ...options.platform,
    },
    serve: {
      backend: "openai",
      upstreams: { main: servers.map(({ url }) => ({ url, ...options.upstream })) },
    },
  };
  const scenario = scenarioOf(file);
  const { platform, serve } = scenario;
  const backend = new OpenAiBackend({
    platform,
    upstreams: serve.upstreams,
    counters: [options.counter ?? new TokenCounter()],
    environment: options.environment ?? {},
    timing: { ...HASTE, ...options.timing },
  });
  const charges: LedgerCharge[] = [];
  const events: EngineEvent[] = [];
  const clock = systemClock();
  const journal =
    options.journal === undefined
      ? undefined
      : new JournalWriter(
          options.journal,
          {
            journal: JOURNAL_VERSION,
            tenantry: "test",
            startedAtMs: clock.startedAtMs,
            scenario: { text: scenario.canonicalJson, overrides: [] },
          },
          backend.meters,
        );
  const driver = new Driver({
    platform,
    backend,
    clock,
    ledger: {
      append(batch: LedgerBatch, done: () => void) {
        charges.push(...batch.charges);
        done();
      },
    },
    observers: [
      {
        submitted() {},
        firstToken() {},
        ended() {},
        reloaded() {},
        event: (_nowNs, event) => void events.push(event),
      },
    ],
    journal,
    limits: { maxInbox: 10_000, maxLagNs: 1e12 },
    used: undefined,
    mayTakeIn: () => true,
  });
  onTestFinished(() => driver.stop());
  return {
    platform: scenarioOf(file).platform,
    driver,
    backend,
    servers,
    charges,
    events,
    submit(client) {
      if (!driver.submit(client)) throw new Error("the driver took no submission");
      return client;
    },
    async until(condition) {
      while (!condition()) await new Promise((resolve) => setImmediate(resolve));
      driver.inspect((engine) => checkInvariants(engine));
    },
  };
}

let clients = 0;

/** A client's side of one sequence. */
export class Client implements Exchange {
  readonly id = `req-${clients++}`;
  readonly endpoint: Exchange["endpoint"];
  readonly body: JsonObject;
  readonly adapter: string | undefined;
  readonly tenant: number;
  readonly pool = 0;
  readonly promptTokens = 10;
  readonly maxOutputTokens: number | undefined;
  readonly adapterIndex: number | undefined;
  readonly isStreaming: boolean;
  finishReason: string | undefined;
  problem: Exchange["problem"];
  isEstimate = false;
  readonly pieces: Piece[] = [];
  admission: Admission<Exchange> | undefined;
  /** Set to make it a slow reader. */
  isFull = false;
  resume: (() => void) | undefined;
  readonly ending: Promise<Ending>;
  #resolve!: (ending: Ending) => void;

  constructor(options: Partial<Exchange> & { body?: JsonObject } = {}) {
    this.endpoint = options.endpoint ?? "chat";
    this.body = { model: "public", messages: [{ role: "user", content: "Hi" }], ...options.body };
    this.tenant = options.tenant ?? 0;
    this.adapterIndex = options.adapterIndex;
    this.adapter = this.adapterIndex === undefined ? undefined : "tuned";
    this.maxOutputTokens = "maxOutputTokens" in options ? options.maxOutputTokens : 4;
    this.isStreaming = options.isStreaming ?? true;
    this.ending = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  admitted(admission: Admission<Exchange>): void {
    this.admission = admission;
  }

  deliver(piece: Piece): boolean {
    this.pieces.push(piece);
    return !this.isFull;
  }

  onReady(resume: () => void): void {
    this.resume = resume;
  }

  ended(ending: Ending): void {
    this.#resolve(ending);
  }

  /** The text of all pieces. */
  get text(): string {
    return this.pieces
      .map((piece) => (piece.kind === "choice" ? textOf(piece.choice) : ""))
      .join("");
  }
}
