/** Every measured run of a data folder, each once: runs that both files know are taken with their single requests. */
import type { Excluded, MeasuredRun } from "./measured.ts";
import { readLoadTests } from "./read-load-tests.ts";
import { readRequestRuns } from "./read-requests.ts";

/** Two records are of the same run when their mean TTFTs agree to this, ms: they were rounded to it. */
const SAME_MS = 0.002;

export function readData(folder: string): { runs: MeasuredRun[]; excluded: Excluded[] } {
  const { runs: loadTests, excluded } = readLoadTests(folder);
  const recorded = readRequestRuns(folder);
  const merged = loadTests.map((test) => {
    const twin = recorded.find((one) => isSameRun(one, test));
    return twin === undefined ? test : { ...twin, name: test.name };
  });
  const unique = recorded.filter((one) => !loadTests.some((test) => isSameRun(one, test)));
  return { runs: [...merged, ...unique], excluded };
}

function isSameRun(a: MeasuredRun, b: MeasuredRun): boolean {
  const [one, other] = [a, b].map((run) => run.observed[0]!.latencies.ttft.mean!);
  return a.model === b.model && Math.abs(one! - other!) <= SAME_MS;
}
