/** What `sweep` does otherwise with a queue: other machines simulate, this one hands out and gathers; a server that goes away ends it. */
import { connectQueue, QueueLost } from "../planner/queue/connection.ts";
import { QueueSimulators } from "../planner/queue/queue-simulators.ts";
import type { InputFile } from "../planner/input-files.ts";
import type { Simulators } from "../planner/sweep.ts";
import { UnusableInput } from "../planner/unusable-input.ts";
import { InputError } from "./exit-codes.ts";
import { onInterrupt, type PlanInput } from "./plan-run.ts";
import { type Before, SimulationBar } from "./simulation-bar.ts";

export interface Queued {
  readonly url: string;
  readonly files: readonly InputFile[];
}

/** What `work` gives, done by workers at the queue; "interrupted" after Ctrl-C. Fails: InputError; QueueLost. */
export async function withQueue<Result>(
  { source, hasBar }: PlanInput,
  { url, files }: Queued,
  {
    work,
    before,
  }: { readonly work: (simulators: Simulators) => Promise<Result>; readonly before: Before },
): Promise<Result | "interrupted"> {
  const connection = await connectQueue(url);
  const bar = hasBar ? new SimulationBar(before) : undefined;
  const { interrupt, stopListening } = onInterrupt();
  let simulators: QueueSimulators | undefined;
  try {
    simulators = await QueueSimulators.open(connection, { source, files }, (progress) =>
      bar?.show(progress),
    );
    await tellWorkers(simulators, connection.address);
    const handingOut = simulators.work().then(() => interrupt);
    return await Promise.race([work(simulators), handingOut, connection.lost, interrupt]);
  } catch (error) {
    // Whatever fails when the server has gone fails because of that.
    if (connection.redis.status === "end" && !(error instanceof QueueLost)) await connection.lost;
    if (!(error instanceof UnusableInput)) throw error;
    throw new InputError(error.message, { cause: error });
  } finally {
    stopListening();
    bar?.stop();
    await simulators?.close().catch(() => {});
    connection.close();
  }
}

async function tellWorkers(simulators: QueueSimulators, address: string): Promise<void> {
  if ((await simulators.workers()) > 0) return;
  process.stderr.write(
    `no worker is there yet; start some, here or elsewhere, with: tenantry worker --queue ${address}\n`,
  );
}
