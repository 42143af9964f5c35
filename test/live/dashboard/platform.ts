/** A small live platform for the tests of what watches it: three tiers on five replicas, time by hand or by the clock. */
import type { Server } from "node:net";
import { type FastifyInstance, fastify } from "fastify";
import { assert } from "../../../src/base/assert.ts";
import { PacedBackend } from "../../../src/live/backends/paced.ts";
import { type Clock, systemClock } from "../../../src/live/clock.ts";
import type { Driver } from "../../../src/live/driver.ts";
import { Collecting } from "../../../src/live/observe/collecting.ts";
import type { Observer } from "../../../src/live/observer.ts";
import { Collector } from "../../../src/results/collector.ts";
import type { PlatformConfig } from "../../../src/engine/config.ts";
import { liveDriver, TestExchange } from "../../support/live.ts";
import { scenarioOf } from "../../support/scenario.ts";

/** Steps of 6 ms and 10 us a token: a prompt of 100 tokens has its first token after 7 ms, and 6.01 ms for each after it. */
const STEP_TIME = { fixed: "6ms", perToken: "10us" };
const POOL = { model: "llama-3.1-8b", gpu: "h100-sxm", stepTime: STEP_TIME };

export const SCENARIO = {
  version: 2,
  name: "watched",
  platform: {
    pools: {
      "acme-own": { ...POOL, dedicatedTo: "acme", replicas: 2, maxNumSeqs: 24 },
      shared: { ...POOL, replicas: 3, maxNumSeqs: 16 },
    },
    tenants: {
      acme: { tier: "gold" },
      birch: { tier: "silver" },
      cedar: { tier: "silver", quotas: { maxTokensPerDay: 200_000 } },
      dune: { tier: "bronze" },
      elm: { tier: "bronze", quotas: { maxQps: "20/s" } },
    },
    isolation: { checkEvery: "200ms" },
  },
  workload: {},
};

export function watchedPlatform(overrides: readonly string[] = []): PlatformConfig {
  return scenarioOf(SCENARIO, overrides).platform;
}

/** A clock that goes where it is put: 2026-01-01 and on. */
export class HandClock implements Clock {
  readonly startedAtMs = 1_767_225_600_000;
  ns = 0;

  nowNs(): number {
    return this.ns;
  }
}

export interface Watched {
  readonly driver: Driver;
  readonly collecting: Collecting;
  readonly app: FastifyInstance;
}

interface WatchedParts {
  readonly platform?: PlatformConfig;
  readonly observers?: readonly Observer[];
  readonly clock?: Clock;
  readonly outputTokens?: (number: number) => number;
}

/** The platform with an engine, replicas, a collector, and a server that serves nothing yet. */
export function watched(parts: WatchedParts = {}): Watched {
  const { platform = watchedPlatform(), observers = [], clock = systemClock() } = parts;
  const outputTokens = parts.outputTokens ?? ((number) => 8 + ((number * 13) % 60));
  const collecting = new Collecting(new Collector(platform, 0));
  const { driver } = liveDriver(platform, {
    clock,
    backend: new PacedBackend(platform.pools, ({ number }) => outputTokens(number)),
    observers: [collecting, ...observers],
  });
  collecting.attach(driver);
  return { driver, collecting, app: fastify({ forceCloseConnections: true }) };
}

export async function stop({ driver, collecting, app }: Watched): Promise<void> {
  await app.close();
  collecting.close();
  await driver.stop();
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  assert(address !== null && typeof address === "object", "a server on a port");
  return address.port;
}

let sent = 0;

interface Sending {
  readonly promptTokens?: number;
  readonly maxOutputTokens?: number;
  readonly adapterIndex?: number;
}

/** Sends one request of a tenant to its first pool. */
export function send(driver: Driver, tenant: number, sending: Sending = {}): TestExchange {
  const exchange = new TestExchange({
    id: `r-${sent++}`,
    tenant,
    pool: driver.engine.platform.tenants[tenant]!.pools[0]!,
    promptTokens: 100,
    maxOutputTokens: 100,
    ...sending,
  });
  driver.submit(exchange);
  return exchange;
}

/** Lets what was sent reach the engine, then moves the time on by `ms`, with everything that falls due. */
export async function pass(driver: Driver, clock: HandClock, ms: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  clock.ns += ms * 1e6;
  driver.inspect(() => {});
  await new Promise((resolve) => setImmediate(resolve));
}

/** Sends so many requests of each tenant every 100 ms until stopped. */
export function traffic(driver: Driver, perTurn: readonly number[]): { stop(): void } {
  let turn = 0;
  const timer = setInterval(() => {
    turn += 1;
    for (const [tenant, count] of perTurn.entries()) {
      for (let sending = 0; sending < count; sending++) {
        send(driver, tenant, { promptTokens: 60 + ((turn * 37) % 300) });
      }
    }
  }, 100);
  return { stop: () => clearInterval(timer) };
}
