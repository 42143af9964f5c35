/** A whole server for the HTTP tests: real driver, real paced replicas, real sockets; ledger and keys in memory. */
import { expect } from "vitest";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { PacedBackend } from "../../../src/live/backends/paced.ts";
import type { Backend } from "../../../src/live/backends/backend.ts";
import type { Driver, DriverParts } from "../../../src/live/driver.ts";
import type { KeyFinding } from "../../../src/live/http/key-lookup.ts";
import { type HttpParts, createHttpServer } from "../../../src/live/http/server.ts";
import { Traffic } from "../../../src/live/http/traffic.ts";
import { TokenCounter } from "../../../src/live/token-count.ts";
import type { Scenario } from "../../../src/scenario/scenario.ts";
import { type MemoryLedger, liveDriver } from "../../support/live.ts";
import { scenarioOf } from "../../support/scenario.ts";

/** Tenants of all kinds; a step takes about a tenth of a millisecond. */
export const SCENARIO = {
  version: 2,
  name: "http",
  platform: {
    pools: {
      shared: pool(),
      own: { ...pool(), dedicatedTo: "acme" },
    },
    tenants: {
      acme: { tier: "gold", adapters: { "acme-tuned": { size: "1MiB" } } },
      birch: {
        tier: "silver",
        adapters: { "birch-tuned": { size: "1MiB" } },
        quotas: { maxQps: "5/s", burst: 2, maxTokensPerMinute: "60000" },
      },
      cedar: { tier: "bronze", quotas: { maxTokensPerDay: 100 } },
      dogwood: { tier: "bronze", quotas: { maxConcurrentRequests: 1 } },
      elm: { tier: "bronze" },
    },
  },
  workload: {},
};

function pool(): object {
  return {
    model: "llama-3.1-8b",
    gpu: "h100-sxm",
    replicas: 1,
    maxNumSeqs: 64,
    adapterMemory: "8MiB",
    stepTime: { fixed: "100us", perToken: "0us" },
  };
}

const KEYS: Readonly<Record<string, KeyFinding>> = {
  "sk-acme": { tenant: "acme" },
  "sk-birch": { tenant: "birch" },
  "sk-cedar": { tenant: "cedar" },
  "sk-dogwood": { tenant: "dogwood" },
  "sk-elm": { tenant: "elm" },
  "sk-suspended": { tenant: "elm", isSuspended: true },
  "sk-gone": { tenant: "not-in-the-scenario" },
  "sk-expired": { refused: "expired" },
  "sk-revoked": { refused: "revoked" },
  "sk-admin": { admin: true },
};

export interface TestServer {
  readonly app: FastifyInstance;
  readonly driver: Driver;
  readonly ledger: MemoryLedger;
  readonly traffic: Traffic;
  readonly scenario: Scenario;
  readonly port: number;
  readonly url: string;
  /** Requests that have come in, whatever became of them. */
  readonly seen: string[];
  close(): Promise<void>;
}

interface ServerParts {
  readonly scenario?: object;
  readonly overrides?: readonly string[];
  readonly outputTokens?: (number: number) => number;
  readonly backend?: (scenario: Scenario) => Backend;
  readonly driver?: Partial<DriverParts>;
  readonly http?: Partial<HttpParts>;
}

export async function startServer(given: ServerParts = {}): Promise<TestServer> {
  const scenario = scenarioOf(given.scenario ?? SCENARIO, given.overrides);
  const { platform, serve } = scenario;
  const backend = given.backend?.(scenario) ?? pacedBackend(scenario, given.outputTokens);
  const { driver, ledger } = liveDriver(platform, { backend, ...given.driver });
  const traffic = new Traffic();
  const counter = new TokenCounter();
  const seen: string[] = [];
  const app = createHttpServer({
    driver,
    platform: () => driver.engine.platform,
    serve,
    keys: { find: (presented) => (Object.hasOwn(KEYS, presented) ? KEYS[presented] : undefined) },
    countPrompt: (_pool, endpoint, body) => counter.countPrompt(endpoint, body),
    log: pino({ level: "silent" }),
    traffic,
    startedAtMs: 1_700_000_000_000,
    tls: undefined,
    extensions: [],
    ...given.http,
  });
  app.server.on("request", ({ method, url }: IncomingMessage) => seen.push(`${method} ${url}`));
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    app,
    driver,
    ledger,
    traffic,
    scenario,
    port,
    url: `http://127.0.0.1:${port}`,
    seen,
    async close() {
      const closed = app.close();
      app.server.closeAllConnections();
      await closed;
      await driver.stop();
    },
  };
}

/** Output lengths as bodies ask for them (`paced_output_tokens`), else one for all. */
function pacedBackend(
  scenario: Scenario,
  outputTokens: (number: number) => number = () => 20,
): PacedBackend {
  return new PacedBackend(scenario.platform.pools, ({ number, origin }) => {
    const asked = origin.body["paced_output_tokens"];
    return typeof asked === "number" ? asked : outputTokens(number);
  });
}

/** A request as JSON; the answer as text beside its response. */
export async function post(
  server: Pick<TestServer, "url">,
  path: string,
  body: unknown,
  key = "sk-acme",
): Promise<{ response: Response; text: string }> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { response, text: await response.text() };
}

export const MODEL = "llama-3.1-8b";

export function chat(extra: object = {}): object {
  return { model: MODEL, messages: [{ role: "user", content: "Say something." }], ...extra };
}

/** Resolves when `isTrue`, looked at after every turn of the event loop, becomes true. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

/** The error in a body that holds nothing else, in the form that clients know. */
export function errorOf(text: string): Record<string, unknown> {
  const { error, ...rest }: Record<string, Record<string, unknown>> = JSON.parse(text);
  expect(rest).toEqual({});
  expect(Object.keys(error!)).toEqual(["message", "type", "param", "code"]);
  return error!;
}
