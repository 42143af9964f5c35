/** One progress bar over many simulations, with the time left where it is known how many there are. */
import { SingleBar } from "cli-progress";
import type { PoolProgress } from "../planner/worker-pool.ts";
import { formatDuration } from "../report/format.ts";

/** Simulations that were made before this run of the program, and all there are; undefined where that depends on their answers. */
export interface Before {
  readonly done: number;
  readonly all: number | undefined;
}

/** Less has been seen of the simulations until then than a forecast can rest on. */
const LEAST_SHARE = 0.01;

export class SimulationBar {
  readonly #before: Before;
  readonly #startMs = performance.now();
  readonly #bar = new SingleBar({
    format: "{bar} {runs}",
    stream: process.stderr,
    hideCursor: false,
    forceRedraw: true,
  });

  constructor(before: Before) {
    this.#before = before;
    this.#bar.start(1, 0, { runs: "loading" });
  }

  show({ done, known }: PoolProgress): void {
    const { done: before, all } = this.#before;
    const total = all ?? known;
    const sofar = before + done;
    this.#bar.setTotal(total);
    const words =
      all === undefined
        ? `${Math.floor(sofar)} of ${total} simulations so far`
        : `${Math.floor(sofar)} of ${total} simulations${this.#left(done, total - before)}`;
    this.#bar.update(sofar, { runs: words });
  }

  stop(): void {
    this.#bar.stop();
  }

  /** At the pace of this run of the program. */
  #left(done: number, all: number): string {
    if (done < LEAST_SHARE * all || done >= all) return "";
    const seconds = ((performance.now() - this.#startMs) / 1000) * ((all - done) / done);
    return `, ${formatDuration(Math.ceil(seconds))} left`;
  }
}
