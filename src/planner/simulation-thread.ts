/** A thread that simulates: loads the scenario once, then takes one job after another and answers each. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { assert } from "../base/assert.ts";
import { TraceError } from "../traces/trace-error.ts";
import { type Job, type JobResult, JobRunner } from "./job.ts";
import type { ScenarioSource } from "./scenario-source.ts";

export type FromThread =
  | { readonly kind: "share"; readonly share: number }
  | { readonly kind: "done"; readonly result: JobResult }
  /** A file that cannot be used: the message is for the user. */
  | { readonly kind: "unusable"; readonly path: string; readonly message: string };

function start(): void {
  assert(parentPort !== null, "the simulation thread was started as a program");
  const port = parentPort;
  const source: ScenarioSource = workerData;
  const runner = new JobRunner(source);
  const tell = (message: FromThread): void => port.postMessage(message, []);
  port.on("message", (job: Job) => {
    try {
      const result = runner.run(job, (share) => tell({ kind: "share", share }));
      tell({ kind: "done", result });
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      tell({ kind: "unusable", path: error.path, message: error.message });
    }
  });
}

if (!isMainThread) start();
