/** `tenantry serve`: opens the store, starts the platform, prints how to use it, and takes it down in peace. */
import { existsSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Logger, pino } from "pino";
import { AdminActions } from "../live/admin/actions.ts";
import { addAdminRoutes } from "../live/admin/routes.ts";
import { periodStarts, type Used } from "../live/calendar.ts";
import type { ScenarioSource } from "../live/inputs.ts";
import { KeyRing, type NewKey, newKey } from "../live/keys.ts";
import { type RunningServer, isAdmin, startServer } from "../live/serve.ts";
import { LedgerWriter } from "../live/store/ledger-writer.ts";
import type { Actor, Store } from "../live/store/store.ts";
import { withStoredTenants } from "../live/stored-tenants.ts";
import { TokenCounter, loadTokenCounter } from "../live/token-count.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { written } from "./output.ts";
import { packageVersion, vegaRuntime } from "./package-info.ts";
import { readScenarioSource, readText, reasonOf, scenarioOf } from "./read-scenario.ts";
import { keepHeapSteady } from "./steady-heap.ts";
import { type ServedStore, openServedStore } from "./served-store.ts";

export interface ServeOptions {
  readonly set: readonly string[];
  readonly backend?: string;
  readonly listen?: string;
  readonly storage?: string;
  readonly record?: string;
  readonly journal?: string;
  readonly keys?: string;
  readonly logLevel: string;
}

/** How often the store is asked whether tenants or keys have changed, ms. */
const REFRESH_EVERY_MS = 1000;

/** Runs until SIGTERM or SIGINT; returns the exit code. */
export async function serveCommand(file: string, options: ServeOptions): Promise<number> {
  keepHeapSteady();
  const overrides = overridesOf(options);
  const readSource = (): ScenarioSource => readScenarioSource(file, overrides);
  const load = (source: ScenarioSource): Scenario =>
    scenarioOf(source.text, { fileName: file, overrides: source.overrides, isQuiet: true });
  const held = await openServedStore(load(readSource()));
  try {
    await serveFrom(held, { file, options, readSource, load });
  } finally {
    await held.close();
  }
  return held.lease.isLost ? EXIT.storeLost : EXIT.fine;
}

interface Served {
  readonly file: string;
  readonly options: ServeOptions;
  readonly readSource: () => ScenarioSource;
  readonly load: (source: ScenarioSource) => Scenario;
}

/** Serves until it is asked to end, or the store is lost. */
async function serveFrom(
  { store, lease }: ServedStore,
  { file, options, readSource, load }: Served,
): Promise<void> {
  const fileSource = readSource();
  const source = withStoredTenants(fileSource, await store.admin.tenants());
  const scenario = load(source);
  const log: Logger = pino({ level: options.logLevel });
  const { storage, durability } = scenario.serve;
  const keys = await KeyRing.load(store);
  const prepared = {
    used: await usedBefore(store, scenario),
    counters: await countersOf(scenario, file),
    tls: readTls(scenario, file),
    vegaSource: vegaRuntime(),
  };
  const ledger = new LedgerWriter({
    storage,
    durability,
    onProblem: (problem) => {
      if (problem === undefined) log.info("the ledger is written again");
      else log.error({ problem }, "the ledger cannot be written; responses wait");
    },
  });
  let actions: AdminActions | undefined;
  try {
    const server = await startServer({
      ...prepared,
      scenario,
      source,
      version: packageVersion(),
      ledger,
      ledgerBacklog: () => ledger.backlogEntries,
      mayTakeIn: () => lease.isCertain && !ledger.isBehind,
      keys,
      environment: process.env,
      log,
      recordPath: options.record,
      journalPath: options.journal,
      extensions: [
        (app, driver) => {
          actions = new AdminActions({ driver, store, keys, source: fileSource, readSource, load });
          const nowMs = Date.now;
          addAdminRoutes(app, { actions, isAdmin: (request) => isAdmin(keys, request), nowMs });
        },
      ],
    }).catch((error: unknown) => {
      throw startProblem(error);
    });
    // Whoever reads the welcome may ask it to end at once.
    const asked = askedToEnd();
    try {
      const demo = await firstKeys(store, scenario, options.keys);
      await keys.refresh();
      printWelcome(server, scenario, demo);
    } catch (error) {
      await server.stop();
      throw error;
    }
    const lost = lease.lost.then(() => log.error("another server has taken the store: ending"));
    await running(server, { actions: actions!, asked: Promise.race([asked, lost]), log });
    await ledger.idle();
  } finally {
    await ledger.close();
  }
}

function overridesOf({ set, backend, listen, storage }: ServeOptions): readonly string[] {
  return [
    ...set,
    ...(backend === undefined ? [] : [`serve.backend=${backend}`]),
    ...(listen === undefined ? [] : [`serve.listen=${listen}`]),
    ...(storage === undefined ? [] : [`serve.storage=${storage}`]),
  ];
}

/** What tenants have used of the present day and month, in the platform's order. */
async function usedBefore(store: Store, { platform }: Scenario): Promise<Used> {
  const used = await store.ledger.used(periodStarts(Date.now()));
  return {
    tokensToday: platform.tenants.map(({ name }) => used.get(name)?.tokensToday ?? 0),
    nanoUsdThisMonth: platform.tenants.map(({ name }) => used.get(name)?.nanoUsdThisMonth ?? 0),
  };
}

/** One per pool: its own tokenizer, or an estimate by length. */
function countersOf({ serve }: Scenario, file: string): Promise<TokenCounter[]> {
  return Promise.all(
    serve.tokenizers.map(async (path) => {
      if (path === undefined) return new TokenCounter();
      const full = resolve(dirname(file), path);
      if (!existsSync(full)) throw new InputError(`there is no tokenizer ${full}`);
      return loadTokenCounter(full);
    }),
  );
}

function readTls({ serve }: Scenario, file: string): { cert: string; key: string } | undefined {
  if (serve.tls === undefined) return undefined;
  const read = (path: string): string => readText(resolve(dirname(file), path));
  return { cert: read(serve.tls.certificate), key: read(serve.tls.key) };
}

interface DemoKeys {
  readonly admin: string;
  readonly tenants: readonly { readonly name: string; readonly key: string }[];
}

/**
 * A store without any key gets one for the administrator and one for each tenant. They are shown this once: so they are made
 * when the server listens, and kept by the store after the file that was asked for has them.
 */
async function firstKeys(
  store: Store,
  { platform }: Scenario,
  path: string | undefined,
): Promise<DemoKeys | undefined> {
  if ((await store.admin.keys()).length > 0) {
    if (path !== undefined) {
      process.stderr.write(
        `warning: keys exist already and cannot be shown again; ${path} is not written\n`,
      );
    }
    return undefined;
  }
  const by: Actor = { who: "first start", atMs: Date.now() };
  const make = (tenant: string | undefined): NewKey =>
    newKey({ tenant, createdMs: by.atMs, expiresMs: undefined });
  const admin = make(undefined);
  const tenants = platform.tenants.map(({ name }) => ({ name, made: make(name) }));
  const demo = {
    admin: admin.key,
    tenants: tenants.map(({ name, made }) => ({ name, key: made.key })),
  };
  if (path !== undefined) writeKeys(path, demo);
  for (const { stored } of [admin, ...tenants.map(({ made }) => made)]) {
    await store.admin.createKey(stored, by);
  }
  return demo;
}

/** As `tenantry load --keys` reads them. */
function writeKeys(path: string, demo: DemoKeys): void {
  const byTenant = Object.fromEntries(demo.tenants.map(({ name, key }) => [name, key]));
  const text = `${JSON.stringify({ ...byTenant, administrator: demo.admin }, undefined, 2)}\n`;
  written(path, () => writeFileSync(path, text, { mode: 0o600 }));
}

function printWelcome(server: RunningServer, scenario: Scenario, demo: DemoKeys | undefined): void {
  const { url } = server;
  const lines = [
    `${scenario.name} is served at ${url}/v1 (backend ${scenario.serve.backend})`,
    `dashboard ${url}/dashboard, metrics ${url}/metrics`,
  ];
  if (demo === undefined) {
    lines.push("keys: those made before; tenantry key create makes more");
  } else {
    const [first] = demo.tenants;
    const model = scenario.platform.pools[scenario.platform.tenants[0]!.pools[0]!]!.model.name;
    lines.push(
      "",
      "Keys of this first start, shown once:",
      `  administrator  ${demo.admin}`,
      ...demo.tenants.map(({ name, key }) => `  ${name.padEnd(13)}  ${key}`),
      "",
      "Try it:",
      `  curl -N ${url}/v1/chat/completions -H 'authorization: Bearer ${first?.key ?? ""}' \\`,
      `    -H 'content-type: application/json' \\`,
      `    -d '{"model":"${model}","stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
    );
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Resolves on SIGTERM or SIGINT; a SIGINT after that ends the process at once. */
function askedToEnd(): Promise<void> {
  return new Promise((resolveAsked) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        process.once("SIGINT", () => process.exit(EXIT.interrupted));
        resolveAsked();
      });
    }
  });
}

/** Resolves when the server has been asked to end and has ended. */
async function running(
  server: RunningServer,
  parts: { readonly actions: AdminActions; readonly asked: Promise<void>; readonly log: Logger },
): Promise<void> {
  const { actions, asked, log } = parts;
  const isToldBy = (what: string) => (error: unknown) =>
    log.error({ error: error instanceof Error ? error.message : String(error) }, what);
  const refresh = setInterval(() => {
    actions.refresh().catch(isToldBy("changes in the store were not taken over"));
  }, REFRESH_EVERY_MS);
  const reload = (): void => {
    const by = { who: "SIGHUP", atMs: Date.now() };
    actions
      .reload(by)
      .then(() => log.info("reloaded"), isToldBy("the scenario was not taken over"));
  };
  process.on("SIGHUP", reload);
  await asked;
  clearInterval(refresh);
  process.off("SIGHUP", reload);
  log.info("draining: no more requests are taken in");
  const cutOff = await server.stop();
  if (cutOff > 0) log.warn({ cutOff }, "requests were cut off");
}

/** What keeps a server from starting, in words. */
function startProblem(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new InputError(`${error.message}: another program listens there; choose with --listen`);
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new InputError(`cannot listen: ${error.message}; choose with --listen host:port`);
  }
  return error.name === "AssertionError" || code === undefined
    ? error
    : new InputError(reasonOf(error), { cause: error });
}
