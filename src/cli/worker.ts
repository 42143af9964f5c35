/** `tenantry worker`: simulates for sweeps that share a queue, until it is stopped. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { connectQueue, QueueLost } from "../planner/queue/connection.ts";
import { QueueWorker } from "../planner/queue/queue-worker.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { packageVersion } from "./package-info.ts";
import { onInterrupt, THREADS } from "./plan-run.ts";
import { wholeOption } from "./whole-option.ts";

export interface WorkerCommandOptions {
  readonly queue: string;
  readonly threads?: string;
  readonly files?: string;
  readonly quiet?: boolean;
}

/** Runs the command; returns its exit code. */
export async function workerCommand(options: WorkerCommandOptions): Promise<number> {
  const threads = wholeOption(options.threads, THREADS) ?? availableParallelism();
  const say = (text: string): void => {
    if (options.quiet !== true) process.stderr.write(`${text}\n`);
  };
  const connection = await connected(options.queue);
  const ownFolder = mkdtempSync(join(tmpdir(), "tenantry-worker-"));
  const worker = new QueueWorker(connection.redis, {
    version: packageVersion(),
    threads,
    shelf: { ownFolder, filesFolder: options.files ?? "." },
    onStranger: say,
  });
  const { interrupt, stopListening } = onInterrupt();
  try {
    const refusal = await worker.start();
    if (refusal !== undefined) throw new InputError(refusal);
    say(
      `waiting for simulations at ${connection.address}, ${threads} at a time; Ctrl-C ends it when those under way are done`,
    );
    await Promise.race([interrupt, connection.lost]);
    await worker.stop();
    say(`${worker.done} simulations made`);
    return EXIT.fine;
  } catch (error) {
    await worker.abandon();
    if (!(error instanceof QueueLost)) throw error;
    throw new InputError(`${error.message}; ${worker.done} simulations were made before`, {
      cause: error,
    });
  } finally {
    stopListening();
    connection.close();
    rmSync(ownFolder, { recursive: true, force: true });
  }
}

async function connected(url: string): ReturnType<typeof connectQueue> {
  try {
    return await connectQueue(url);
  } catch (error) {
    if (!(error instanceof QueueLost)) throw error;
    throw new InputError(error.message, { cause: error });
  }
}
