/**
 * The common benchmark: 16 replicas of an 8B model on H100, 512 prompt and 128 output tokens, Poisson at 96 requests/s in
 * three tiers, every engine module on; for 10,000 and 1,000,000 requests. A heavy variant sends 705 requests/s of 192 output
 * tokens (128 would be gone before a batch fills: 63 on average), so that batches are above 100 and nothing may cost
 * O(batch). Every run has a process of its own, for its peak memory.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadScenario } from "../src/scenario/load.ts";
import { runSimulation } from "../src/sim/simulate.ts";

interface Measured {
  readonly requests: number;
  readonly seconds: number;
  readonly peakMb: number;
  readonly meanBatch: number;
}

const TENANTS = ["acme", "birch", "cedar"];
const HEAVY = TENANTS.flatMap((tenant) => [
  `workload.${tenant}.arrivals.rate=235/s`,
  `workload.${tenant}.outputTokens=192`,
]);

function measure(requests: number, variant: readonly string[]): Measured {
  const file = fileURLToPath(new URL("common.yaml", import.meta.url));
  const overrides = [`simulation.maxRequests=${requests}`, ...variant];
  const loaded = loadScenario(readFileSync(file, "utf8"), { fileName: file, overrides });
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.problems));
  const start = process.hrtime.bigint();
  const run = runSimulation(loaded.scenario, {
    openTrace() {
      throw new Error("the benchmark has no traces");
    },
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  let sequences = 0;
  let steps = 0;
  for (const { meter } of run.engine.replicas) {
    sequences += meter.sequences;
    steps += meter.steps;
  }
  const completed = run.collector.tenants.reduce((sum, tenant) => sum + tenant.completed, 0);
  if (completed !== requests) throw new Error(`${completed} of ${requests} requests completed`);
  const peakMb = process.resourceUsage().maxRSS / 1024;
  return { requests, seconds, peakMb, meanBatch: sequences / steps };
}

function inOwnProcess(requests: number, variant: readonly string[] = []): Measured {
  const args = [fileURLToPath(import.meta.url), String(requests), ...variant];
  const output = execFileSync(process.execPath, args, { encoding: "utf8" });
  const parsed: Measured = JSON.parse(output);
  return parsed;
}

function line(name: string, { requests, seconds, peakMb }: Measured): string {
  const perSecond = Math.round(requests / seconds);
  return `${name}: ${requests} requests, ${perSecond} requests/s, peak ${Math.round(peakMb)} MB`;
}

const [requests, ...variant] = process.argv.slice(2);
if (requests !== undefined) {
  process.stdout.write(JSON.stringify(measure(Number(requests), variant)));
} else {
  const small = inOwnProcess(10_000);
  const heavy = inOwnProcess(1_000_000, HEAVY);
  const large = inOwnProcess(1_000_000);
  const ratio = large.seconds / heavy.seconds;
  console.log(line("warm-up included", small));
  console.log(
    `${line("heavy variant (705 requests/s of 192 output tokens)", heavy)}, mean batch ${heavy.meanBatch.toFixed(0)}, ${ratio.toFixed(2)}x the common speed`,
  );
  console.log(line("common benchmark", large));
}
