/** What a report says of a load generator: how requests were sent, how well it kept up, and what came instead of answers. */
import type { LoadBlock } from "../results/results.ts";
import { formatCount, formatMs } from "./format.ts";
import { cell, left, right, type Table } from "./table.ts";

const LENGTHS: Readonly<Record<LoadBlock["lengths"], string>> = {
  hint: "output lengths were asked for by the paced backend's hint",
  "max-tokens": "output lengths were asked for as max_tokens with end-of-sequence ignored",
};

/** Sentences on how the load was played. */
export function loadWords(load: LoadBlock): readonly string[] {
  const how = `The workload was played against ${load.url} (${load.endpoint}) at its own times, whatever became of earlier requests; ${LENGTHS[load.lengths]}.`;
  const late = `Requests were sent ${formatMs(load.sendLagMs.p50)} late at P50 and ${formatMs(load.sendLagMs.p99)} at P99; the generator's event loop was ${formatMs(load.loopLagMsP99)} late at P99. Latencies count from the intended time, so this is in them.`;
  const trust = load.keptUp
    ? []
    : [
        "The generator did not keep up: it was short of processor time, and the latencies here are partly its own. Run it on a machine of its own, or ask for less.",
      ];
  const early = load.isComplete ? [] : ["The run was stopped by hand before its end."];
  const uncounted =
    load.uncountedAnswers === 0
      ? []
      : [
          `${formatCount(load.uncountedAnswers)} answers came without a usage record (cut short, or never sent by this server): their tokens are counted from what was streamed, and bills rest on an estimate there.`,
        ];
  const others =
    load.otherLengths === 0
      ? []
      : [
          `${formatCount(load.otherLengths)} answers had another number of tokens than the workload wanted: the server did not follow the wanted lengths.`,
        ];
  return [how, late, ...trust, ...early, ...uncounted, ...others];
}

/** What came instead of an answer; undefined when everything was answered. */
export function loadErrorTable(load: LoadBlock): Table | undefined {
  if (load.errors.length === 0) return undefined;
  return {
    title: "Refusals and errors",
    columns: [
      right("Status"),
      left("Code"),
      left("Counted as"),
      right("Times"),
      { label: "First message", align: "left", isProse: true },
    ],
    rows: load.errors.map(({ status, code, reason, message, count }) => [
      cell(status === null ? "none" : String(status)),
      cell(code),
      cell(reason === null ? "failed" : `rejected: ${reason}`),
      cell(formatCount(count)),
      cell(message),
    ]),
  };
}
