/**
 * A sweep's side of the queue: hands out jobs, and takes results as they come. Jobs that vanish (a server that lost its memory) are
 * handed out again; results that come twice are taken once. Nothing is kept here that a sweep could not do again.
 */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { RunFigures } from "../../results/figures.ts";
import type { InputFile } from "../input-files.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import type { Simulators } from "../sweep.ts";
import { UnusableInput } from "../unusable-input.ts";
import type { Variant } from "../variant.ts";
import { type QueueConnection, QueueLost } from "./connection.ts";
import { announce, type Announced, whoIsThere } from "./presence.ts";
import {
  answer,
  hashOfSource,
  jobId,
  KEPT_SECONDS,
  KEYS,
  MOST_TRAVELLING_BYTES,
  PREFIX,
  type QueuedJob,
  type QueuedSource,
  queueName,
} from "./protocol.ts";

/** Jobs handed over at a time. */
const BATCH = 500;
/** Between two looks at the list of results, while it is empty. */
const POLL_MS = 100;
/** Empty looks after which it is asked whether the jobs are still there: ten seconds. */
const LOOKS_UNTIL_DOUBT = 100;

export interface QueueProgress {
  readonly done: number;
  readonly known: number;
}

interface Waiting {
  readonly job: QueuedJob;
  readonly resolve: (figures: RunFigures) => void;
  readonly reject: (error: Error) => void;
}

export class QueueSimulators implements Simulators {
  readonly #redis: Redis;
  readonly #queue: Queue<QueuedJob>;
  readonly #source: QueuedSource;
  readonly #hash: string;
  readonly #baseDir: string;
  readonly #announced: Announced;
  readonly #onProgress: ((progress: QueueProgress) => void) | undefined;
  readonly #waiting = new Map<string, Waiting>();
  /** Results of jobs that nobody has asked for yet: of an interrupted sweep before this one. */
  readonly #early = new Map<string, RunFigures>();
  #unsent: string[] = [];
  #done = 0;
  #isClosed = false;

  /** Use `open`. */
  private constructor(made: {
    readonly redis: Redis;
    readonly source: QueuedSource;
    readonly baseDir: string;
    readonly announced: Announced;
    readonly onProgress: ((progress: QueueProgress) => void) | undefined;
  }) {
    const { redis, source, baseDir, announced, onProgress } = made;
    this.#redis = redis;
    this.#source = source;
    this.#hash = hashOfSource(source);
    this.#baseDir = baseDir;
    this.#announced = announced;
    this.#onProgress = onProgress;
    const { tenantryVersion } = source.source;
    this.#queue = new Queue(queueName(tenantryVersion), { connection: redis, prefix: PREFIX });
    // Told by the connection, which everybody shares.
    this.#queue.on("error", () => {});
  }

  /** Fails: QueueLost where the workers that are there are all of another version. */
  static async open(
    { redis, address }: QueueConnection,
    { source, files }: { readonly source: ScenarioSource; readonly files: readonly InputFile[] },
    onProgress?: (progress: QueueProgress) => void,
  ): Promise<QueueSimulators> {
    const { text, fileName, overrides, tenantryVersion, baseDir } = source;
    await checkVersions(redis, tenantryVersion, address);
    const queued: QueuedSource = {
      source: { text, fileName, overrides, tenantryVersion },
      files: files.map((file) => ({
        ...file,
        travels: statSync(resolve(baseDir, file.path)).size <= MOST_TRAVELLING_BYTES,
      })),
    };
    const announced = await announce(redis, "sweep", { version: tenantryVersion });
    const simulators = new QueueSimulators({
      redis,
      source: queued,
      baseDir,
      announced,
      onProgress,
    });
    await simulators.#keepSource();
    await simulators.#forgetFailures();
    return simulators;
  }

  /** Fails: UnusableInput where a worker cannot do it. */
  figures(variant: Variant, seed: number): Promise<RunFigures> {
    const job: QueuedJob = { source: this.#hash, variant, seed };
    const id = jobId(job);
    const early = this.#early.get(id);
    if (early !== undefined) return Promise.resolve(early);
    const { promise, resolve: settle, reject } = Promise.withResolvers<RunFigures>();
    this.#waiting.set(id, { job, resolve: settle, reject });
    this.#unsent.push(id);
    return promise;
  }

  /** Hands out what has been asked for, and takes results until `close`. Fails: as Redis does. */
  async work(): Promise<void> {
    let emptyLooks = 0;
    // What was finished while no sweep was there need not be handed out again.
    while (await this.#takeResults());
    while (!this.#isClosed) {
      await this.#handOut();
      const hasTaken = await this.#takeResults();
      emptyLooks = hasTaken ? 0 : emptyLooks + 1;
      if (hasTaken) continue;
      if (emptyLooks % LOOKS_UNTIL_DOUBT === 0) await this.#lookAfterJobs();
      await setTimeout(POLL_MS);
    }
  }

  /** Workers of this version that are there. */
  async workers(): Promise<number> {
    const all = await whoIsThere(this.#redis, "worker");
    return all.filter(({ version }) => version === this.#source.source.tenantryVersion).length;
  }

  /** Takes back what nobody has begun, as far as the server can be asked; jobs under way end, and their results wait. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#announced.stop();
    if (this.#redis.status !== "ready") return;
    const ids = [...this.#waiting.keys()];
    for (let from = 0; from < ids.length; from += BATCH) {
      // One that a worker has begun cannot be removed.
      const some = ids.slice(from, from + BATCH).map((id) => this.#queue.remove(id));
      await Promise.allSettled(some);
    }
    await this.#queue.close();
  }

  async #keepSource(): Promise<void> {
    for (const { path, sha256, travels } of this.#source.files) {
      const key = KEYS.file(sha256);
      if (!travels) continue;
      const isThere = await this.#redis.expire(key, KEPT_SECONDS);
      if (isThere === 1) continue;
      await this.#redis.set(key, readFileSync(resolve(this.#baseDir, path)), "EX", KEPT_SECONDS);
    }
    const text = JSON.stringify(this.#source);
    await this.#redis.set(KEYS.source(this.#hash), text, "EX", KEPT_SECONDS);
  }

  /** A job that failed before may be done today: by other workers, with files that are there now. */
  async #forgetFailures(): Promise<void> {
    for (const job of await this.#queue.getJobs(["failed"])) {
      if (job.data.source === this.#hash) await job.remove();
    }
  }

  async #handOut(): Promise<void> {
    while (this.#unsent.length > 0 && !this.#isClosed) {
      const ids = this.#unsent.slice(0, BATCH);
      const jobs = ids.flatMap((id) => {
        const waiting = this.#waiting.get(id);
        return waiting === undefined ? [] : [{ id, data: waiting.job }];
      });
      await this.#queue.addBulk(
        jobs.map(({ id, data }) => ({
          name: "run",
          data,
          opts: { jobId: id, removeOnComplete: true, removeOnFail: { age: KEPT_SECONDS } },
        })),
      );
      this.#unsent = this.#unsent.slice(ids.length);
    }
  }

  /** Whether there were any. */
  async #takeResults(): Promise<boolean> {
    const texts = (await this.#redis.lpop(KEYS.results(this.#hash), BATCH)) ?? [];
    for (const text of texts) this.#take(text);
    return texts.length > 0;
  }

  #take(text: string): void {
    const { id, figures, problem } = answer.parse(JSON.parse(text));
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      if (figures !== undefined) this.#early.set(id, figures);
      return;
    }
    this.#waiting.delete(id);
    if (figures === undefined) {
      waiting.reject(new UnusableInput(problem ?? "a worker gave no answer"));
      return;
    }
    this.#done += 1;
    waiting.resolve(figures);
    this.#onProgress?.({ done: this.#done, known: this.#done + this.#waiting.size });
  }

  /** Nothing has come for a while: are the jobs still there, and has one been given up? */
  async #lookAfterJobs(): Promise<void> {
    if (this.#waiting.size === 0) return;
    for (const job of await this.#queue.getJobs(["failed"])) {
      const waiting = this.#waiting.get(job.id ?? "");
      if (waiting === undefined) continue;
      waiting.reject(
        new UnusableInput(
          `a simulation ended worker after worker (${job.failedReason ?? "no reason is known"}): it may need more memory than they have. Variant ${JSON.stringify(job.data.variant)}, seed ${job.data.seed}`,
        ),
      );
    }
    const counts = await this.#queue.getJobCounts("wait", "active", "delayed", "prioritized");
    const left = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (left > 0 || (await this.#redis.llen(KEYS.results(this.#hash))) > 0) return;
    await this.#keepSource();
    this.#unsent = [...this.#waiting.keys()];
  }
}

/** Fails: QueueLost. */
async function checkVersions(redis: Redis, version: string, address: string): Promise<void> {
  const workers = await whoIsThere(redis, "worker");
  const strangers = workers.filter((one) => one.version !== version);
  if (strangers.length === 0 || strangers.length < workers.length) return;
  const named = strangers.map(({ name, version: own }) => `${name} is ${own}`).join(", ");
  throw new QueueLost(
    `the workers at ${address} are of another version of tenantry: ${named}, and this is ${version}. Results come from one version: install the same on all machines`,
  );
}
