/**
 * The server of the live benchmarks, in a process of its own: `paced` with the time of a step, or `openai` with the URL of an
 * upstream; the real ledger on disk, and keys that are their tenants' names. Says where it listens, and ends on SIGTERM.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { loadScenario } from "../src/scenario/load.ts";
import { startServer } from "../src/live/serve.ts";
import { LedgerWriter } from "../src/live/store/ledger-writer.ts";
import { openStore } from "../src/live/store/open-store.ts";
import { TokenCounter } from "../src/live/token-count.ts";

const REPLICAS = 8;
const [backend, setting] = process.argv.slice(2);
if (setting === undefined) throw new Error("expected: paced <step time>, or openai <URL>");
const isPaced = backend === "paced";
const upstream = { url: `${setting}/v1`, model: "llama-3.1-8b" };
const folder = mkdtempSync(join(tmpdir(), "tenantry-bench-"));
const source = {
  text: JSON.stringify({
    version: 2,
    name: "live benchmark",
    platform: {
      pools: {
        shared: {
          model: "llama-3.1-8b",
          precision: "fp8",
          gpu: "h100-sxm",
          replicas: REPLICAS,
          maxNumSeqs: 1024,
          maxNumBatchedTokens: 8192,
          ...(isPaced && { stepTime: { fixed: setting } }),
        },
      },
      tenants: Object.fromEntries(
        ["acme", "birch", "cedar", "dune"].map((name, index) => [
          name,
          { tier: ["gold", "silver", "bronze"][index % 3] },
        ]),
      ),
    },
    workload: {},
    serve: {
      listen: "127.0.0.1:0",
      storage: join(folder, "ledger.db"),
      metrics: "open",
      ...(!isPaced && {
        backend: "openai",
        upstreams: { shared: Array.from({ length: REPLICAS }, () => upstream) },
      }),
    },
  }),
  overrides: [],
};
const loaded = loadScenario(source.text, { fileName: "live-server.ts", overrides: [] });
if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.problems));
const { scenario } = loaded;
const { storage, durability } = scenario.serve;
await (await openStore({ storage, durability })).close();
const ledger = new LedgerWriter({ storage, durability });
const server = await startServer({
  scenario,
  source,
  version: "bench",
  ledger,
  ledgerBacklog: () => ledger.backlogEntries,
  keys: { find: (presented) => ({ tenant: presented }) },
  used: undefined,
  counters: scenario.platform.pools.map(() => new TokenCounter()),
  environment: {},
  log: pino({ level: "warn" }),
  tls: undefined,
  vegaSource: "void 0;",
  recordPath: undefined,
  journalPath: undefined,
});
process.stdout.write(`${server.url}\n`);
process.once("SIGTERM", () => {
  void server
    .stop()
    .then(() => ledger.idle())
    .then(() => ledger.close())
    .then(() => {
      rmSync(folder, { recursive: true });
      process.exit(0);
    });
});
