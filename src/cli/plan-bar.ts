/** The progress of a plan: what it is doing, and about how long it still takes. */
import { SingleBar } from "cli-progress";
import type { PlanProgress } from "../planner/plan/progress.ts";
import { formatDuration } from "../report/format.ts";

const PHASES: Readonly<Record<PlanProgress["phase"], string>> = {
  bounds: "bounds",
  search: "searching",
  confirm: "confirming on fresh seeds",
  sensitivity: "what if",
};

/** Less has been seen until then than a forecast can rest on. */
const LEAST_SHARE = 0.05;

export class PlanBar {
  readonly #startMs = performance.now();
  readonly #bar = new SingleBar({
    format: "{bar} {words}",
    stream: process.stderr,
    hideCursor: false,
    forceRedraw: true,
  });

  constructor() {
    this.#bar.start(1, 0, { words: PHASES.bounds });
  }

  show({ phase, share, simulations }: PlanProgress): void {
    const words = `${PHASES[phase]}, ${simulations} simulations${this.#left(share)}`;
    this.#bar.update(share, { words });
  }

  stop(): void {
    this.#bar.stop();
  }

  #left(share: number): string {
    if (share < LEAST_SHARE) return "";
    const seconds = ((performance.now() - this.#startMs) / 1000) * (1 / share - 1);
    return `, about ${formatDuration(Math.ceil(seconds))} left`;
  }
}
