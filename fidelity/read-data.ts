/**
 * Every measured run of a data folder that can be simulated, each once: runs that both files know are taken with their single
 * requests. What is left out, is left out with its reason.
 */
import type { Excluded, MeasuredRun } from "./measured.ts";
import { readLoadTests } from "./read-load-tests.ts";
import { readRequestRuns } from "./read-requests.ts";
import { scenarioOf } from "./scenario-of.ts";

/** Two records are of the same run when their mean TTFTs agree to this, ms: they were rounded to it. */
const SAME_MS = 0.002;

export function readData(folder: string): { runs: MeasuredRun[]; excluded: Excluded[] } {
  const { runs: loadTests, excluded } = readLoadTests(folder);
  const { runs: recorded, excluded: unread } = readRequestRuns(folder);
  const merged = loadTests.map((test) => {
    const twin = recorded.find((one) => isSameRun(one, test));
    return twin === undefined
      ? test
      : { ...twin, name: test.name, hasCpuOffload: test.hasCpuOffload };
  });
  const unique = recorded.filter((one) => !loadTests.some((test) => isSameRun(one, test)));
  const all = [...merged, ...unique].map((run) => ({ run, simulable: scenarioOf(run) }));
  const refused = all.flatMap(({ run, simulable }): Excluded[] =>
    simulable.kind === "refused" ? [{ run: run.name, reason: simulable.reason }] : [],
  );
  const runs = all.flatMap(({ run, simulable }) => (simulable.kind === "scenario" ? [run] : []));
  return { runs, excluded: [...excluded, ...unread, ...refused] };
}

function isSameRun(a: MeasuredRun, b: MeasuredRun): boolean {
  const [one, other] = [a, b].map((run) => run.observed[0]!.latencies.ttft.mean!);
  return a.model === b.model && Math.abs(one! - other!) <= SAME_MS;
}
