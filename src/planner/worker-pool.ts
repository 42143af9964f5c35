/**
 * Runs jobs in as many threads as there are cores, first come first served. What a job answers does not depend on which thread
 * took it or when, so a plan says the same with one thread and with many. A thread that dies has a bug, and ends the program.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { assert } from "../base/assert.ts";
import type { RunFigures } from "../results/figures.ts";
import type { Results } from "../results/results.ts";
import type { TrafficSurvey } from "../sim/survey.ts";
import type { Job, JobResult, RunReadings } from "./job.ts";
import type { ScenarioSource } from "./scenario-source.ts";
import type { FromThread } from "./simulation-thread.ts";
import { UnusableInput } from "./unusable-input.ts";
import type { Variant } from "./variant.ts";

export interface PoolProgress {
  /** Simulations finished, those under way by their share, and all that are known to come. */
  readonly done: number;
  readonly known: number;
}

interface PoolOptions {
  readonly threads: number;
  readonly onProgress?: (progress: PoolProgress) => void;
}

/** A job on its way; `cancel` takes it back where no thread has begun it, and its result then never comes. */
export interface Task<Result> {
  readonly result: Promise<Result>;
  readonly cancel: () => void;
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  running: Waiting | undefined;
  share: number;
}

export class WorkerPool {
  readonly #source: ScenarioSource;
  readonly #options: PoolOptions;
  readonly #threads: Thread[] = [];
  #waiting: Waiting[] = [];
  #done = 0;

  constructor(source: ScenarioSource, options: PoolOptions) {
    assert(options.threads >= 1, "somebody must do the work");
    this.#source = source;
    this.#options = options;
  }

  /** Fails: UnusableInput. */
  async results(variant: Variant, seed: number): Promise<Results> {
    const answer = await this.#submit({ variant, seed, wanted: { kind: "results" } }).result;
    assert(answer.kind === "results", "results were asked for");
    return answer.results;
  }

  /** Fails: UnusableInput. */
  async figures(variant: Variant, seed: number): Promise<RunFigures> {
    const answer = await this.#submit({ variant, seed, wanted: { kind: "figures" } }).result;
    assert(answer.kind === "figures", "figures were asked for");
    return answer.figures;
  }

  /** Fails: UnusableInput. */
  async survey(variant: Variant, seed: number): Promise<TrafficSurvey> {
    const answer = await this.#submit({ variant, seed, wanted: { kind: "survey" } }).result;
    assert(answer.kind === "survey", "a survey was asked for");
    return answer.survey;
  }

  /** Undefined: no part of the run is steady. Fails: UnusableInput. */
  async beginningNs(variant: Variant, seed: number): Promise<number | undefined> {
    const answer = await this.#submit({ variant, seed, wanted: { kind: "beginning" } }).result;
    assert(answer.kind === "beginning", "a beginning was asked for");
    return answer.cutNs;
  }

  /** Fails: UnusableInput. */
  readings(
    variant: Variant,
    seed: number,
    { mayLeave }: { readonly mayLeave: boolean },
  ): Task<RunReadings> {
    const { result, cancel } = this.#submit({
      variant,
      seed,
      wanted: { kind: "readings", mayLeave },
    });
    const readings = result.then((answer) => {
      assert(answer.kind === "readings", "readings were asked for");
      return answer.readings;
    });
    // Whoever asked may look at other answers first, or have lost interest by then.
    readings.catch(() => {});
    return { result: readings, cancel };
  }

  /** Ends all threads, whatever they do; jobs that have not ended never will. */
  async close(): Promise<void> {
    this.#waiting = [];
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #submit(job: Job): Task<JobResult> {
    const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
    const waiting: Waiting = { job, resolve, reject };
    this.#waiting.push(waiting);
    this.#startNext();
    const cancel = (): void => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
    };
    return { result: promise, cancel };
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const thread = this.#freeThread();
    if (thread === undefined) return;
    this.#waiting.shift();
    thread.running = next;
    thread.share = 0;
    thread.worker.postMessage(next.job, []);
  }

  #freeThread(): Thread | undefined {
    const free = this.#threads.find(({ running }) => running === undefined);
    if (free !== undefined || this.#threads.length >= this.#options.threads) return free;
    const thread: Thread = { worker: startThread(this.#source), running: undefined, share: 0 };
    thread.worker.on("message", (message: FromThread) => this.#told(thread, message));
    thread.worker.on("error", (error) => {
      throw error;
    });
    this.#threads.push(thread);
    return thread;
  }

  #told(thread: Thread, message: FromThread): void {
    if (message.kind === "share") {
      thread.share = message.share;
      this.#tellProgress();
      return;
    }
    const { running } = thread;
    assert(running !== undefined, "a thread answered that was not asked");
    thread.running = undefined;
    thread.share = 0;
    this.#done += 1;
    if (message.kind === "done") running.resolve(message.result);
    else running.reject(new UnusableInput(message.message));
    this.#startNext();
    this.#tellProgress();
  }

  #tellProgress(): void {
    const shares = this.#threads.reduce((sum, { share }) => sum + share, 0);
    const running = this.#threads.filter((thread) => thread.running !== undefined).length;
    const known = this.#done + running + this.#waiting.length;
    this.#options.onProgress?.({ done: this.#done + shares, known });
  }
}

function startThread(workerData: ScenarioSource): Worker {
  // The sources run as they are, and so does what is built of them: whichever this file is, the thread's is too.
  const file = new URL(`./simulation-thread${extname(import.meta.url)}`, import.meta.url);
  return new Worker(file, { workerData });
}
