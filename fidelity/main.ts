/** `npm run fidelity -- --data FOLDER`: replays every measured run found there and says how far off the predictions are. */
import { parseArgs } from "node:util";
import { median } from "./statistics.ts";
import { type Metric, type Statistic } from "./measured.ts";
import { predict } from "./predict.ts";
import { readData } from "./read-data.ts";

const { values } = parseArgs({
  options: { data: { type: "string" }, only: { type: "string" } },
});
const { runs, excluded } = readData(values.data!);
for (const { run, reason } of excluded) console.log(`left out: ${run}: ${reason}`);
const columns: readonly (readonly [Metric, Statistic])[] = [
  ["e2e", "mean"],
  ["tpot", "mean"],
  ["ttft", "mean"],
  ["e2e", "p99"],
  ["ttft", "p99"],
];
const errors = columns.map((): number[] => []);
for (const run of runs) {
  if (values.only !== undefined && !run.name.includes(values.only)) continue;
  const prediction = predict(run, 1);
  for (const [index, measured] of run.observed.entries()) {
    const predicted = prediction.observed[index]!;
    const cells = columns.map(([metric, statistic], column) => {
      const real = measured.latencies[metric][statistic]!;
      const ours = predicted.latencies[metric][statistic]!;
      const error = ours / real - 1;
      if (measured.stage === undefined && !run.isOverload) errors[column]!.push(error);
      return `${metric}_${statistic} ${real.toFixed(1)} ${ours.toFixed(1)} ${(100 * error).toFixed(1)}%`;
    });
    const stage =
      measured.stage === undefined ? "all" : `${run.stages[measured.stage]!.ratePerS}/s`;
    console.log(`${run.isOverload ? "OVERLOAD " : ""}${run.name} ${stage}: ${cells.join("  ")}`);
  }
  if (run.isOverload) {
    console.log(
      `  throughput ${run.observed[0]!.throughputPerS} ${prediction.observed[0]!.throughputPerS?.toFixed(3)}, completed ${prediction.completed} of ${prediction.sent}; kv ${run.kvBlocks} ${prediction.kvBlocks}`,
    );
  }
}
const abs = errors.map((list) => (100 * median(list.map(Math.abs))).toFixed(1));
const bias = errors.map((list) => (100 * median(list)).toFixed(1));
console.log(
  `median error: e2e ${abs[0]}% tpot ${abs[1]}% ttft ${abs[2]}% e2e_p99 ${abs[3]}% ttft_p99 ${abs[4]}%, bias e2e ${bias[0]}% tpot ${bias[1]}%`,
);
