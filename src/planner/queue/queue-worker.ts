/**
 * A worker's side of the queue: takes jobs, simulates them in threads, and puts the answers where their sweep looks for them. A job
 * is the worker's while it is heard of; of one that dies, another worker takes it. The answer is put down before the job is
 * called done, so that no crash can lose it; at worst it is there twice.
 */
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { UnusableInput } from "../unusable-input.ts";
import { WorkerPool } from "../worker-pool.ts";
import { announce, type Announced, whoIsThere } from "./presence.ts";
import {
  type Answer,
  jobId,
  KEPT_SECONDS,
  KEYS,
  PREFIX,
  type QueuedJob,
  queueName,
} from "./protocol.ts";
import { loadQueued, type Shelf } from "./shelf.ts";

/** How long a job belongs to a worker that is not heard of, and how often others look: ten seconds of silence cost little. Assumed. */
const LOCK_MS = 10_000;
const STALLED_EVERY_MS = 5000;
/** Workers that a job may end before it is given up as their ruin. */
const MOST_RETAKES = 5;
/** Scenarios whose threads are kept. */
const MOST_POOLS = 2;

export interface QueueWorkerOptions {
  readonly version: string;
  readonly threads: number;
  readonly shelf: Shelf;
  /** A sweep of another version is there, and none of ours. */
  readonly onStranger: (sentence: string) => void;
}

interface Pool {
  readonly pool: WorkerPool;
  running: number;
}

export class QueueWorker {
  readonly #redis: Redis;
  readonly #options: QueueWorkerOptions;
  readonly #pools = new Map<string, Promise<Pool>>();
  #worker: Worker<QueuedJob> | undefined;
  #announced: Announced | undefined;
  #done = 0;
  #hasToldStranger = false;

  constructor(redis: Redis, options: QueueWorkerOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  /** Takes jobs from now on. Gives what is to be said of sweeps of another version, where no other sweep is there. */
  async start(): Promise<string | undefined> {
    const { version, threads } = this.#options;
    const strangers = await this.#strangers();
    if (strangers !== undefined) return strangers;
    this.#announced = await announce(this.#redis, "worker", {
      version,
      onBeat: () => void this.#lookForStrangers(),
    });
    this.#worker = new Worker<QueuedJob>(queueName(version), ({ data }) => this.#run(data), {
      connection: this.#redis,
      prefix: PREFIX,
      concurrency: threads,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_EVERY_MS,
      maxStalledCount: MOST_RETAKES,
      // A sweep's first job should not wait for a poll to end.
      drainDelay: 1,
    });
    // Told by the connection, which everybody shares.
    this.#worker.on("error", () => {});
    return undefined;
  }

  get done(): number {
    return this.#done;
  }

  /** Ends the jobs under way and takes no more. */
  async stop(): Promise<void> {
    await this.#announced?.stop();
    await this.#worker?.close();
    await this.#closePools(0);
  }

  /** Leaves everything at once: whoever is still there takes the jobs. */
  async abandon(): Promise<void> {
    await this.#announced?.stop();
    await this.#worker?.close(true).catch(() => {});
    await this.#closePools(0);
  }

  async #run(job: QueuedJob): Promise<void> {
    const id = jobId(job);
    const given = await this.#answer(job);
    const key = KEYS.results(job.source);
    const text = JSON.stringify({ id, ...given } satisfies Answer);
    await this.#redis.multi().rpush(key, text).expire(key, KEPT_SECONDS).exec();
    this.#done += 1;
  }

  async #answer({ source, variant, seed }: QueuedJob): Promise<Omit<Answer, "id">> {
    try {
      const entry = await this.#poolFor(source);
      entry.running += 1;
      try {
        return { figures: await entry.pool.figures(variant, seed) };
      } finally {
        entry.running -= 1;
      }
    } catch (error) {
      if (!(error instanceof UnusableInput)) throw error;
      const name = this.#announced?.name ?? "a worker";
      return { problem: `worker ${name}: ${error.message}` };
    }
  }

  /** Jobs of a scenario come together: its threads have it loaded. */
  async #poolFor(source: string): Promise<Pool> {
    const known = this.#pools.get(source);
    if (known !== undefined) return known;
    const made = this.#makePool(source);
    this.#pools.set(source, made);
    // What could not be loaded may be loaded when it is asked for again.
    made.catch(() => this.#pools.delete(source));
    await made;
    await this.#closePools(MOST_POOLS);
    return made;
  }

  async #makePool(source: string): Promise<Pool> {
    const { threads, shelf } = this.#options;
    const loaded = await loadQueued(this.#redis, source, shelf);
    return { pool: new WorkerPool(loaded, { threads }), running: 0 };
  }

  /** Closes pools, the oldest first, until so many are left; those at work stay, unless none shall be left. */
  async #closePools(left: number): Promise<void> {
    for (const [source, made] of this.#pools) {
      if (this.#pools.size <= left) return;
      const entry = await made;
      if (left > 0 && entry.running > 0) continue;
      this.#pools.delete(source);
      await entry.pool.close();
    }
  }

  async #lookForStrangers(): Promise<void> {
    const strangers = await this.#strangers().catch(() => undefined);
    if (strangers === undefined || this.#hasToldStranger) return;
    this.#hasToldStranger = true;
    this.#options.onStranger(strangers);
  }

  async #strangers(): Promise<string | undefined> {
    const { version } = this.#options;
    const sweeps = await whoIsThere(this.#redis, "sweep");
    const others = sweeps.filter((one) => one.version !== version);
    if (others.length === 0 || others.length < sweeps.length) return undefined;
    const named = others.map(({ name, version: own }) => `${name} is ${own}`).join(", ");
    return `the sweep that waits for workers is of another version of tenantry: ${named}, and this is ${version}. Results come from one version: install the same on all machines`;
  }
}
