/**
 * Named random streams. Every consumer of chance (one tenant's arrivals, another's lengths) draws from a stream of its
 * own, derived from the run's seed and the stream's name, so that adding a consumer never shifts another's draws.
 * The generator is Alea as shipped by seedrandom: about 10 ns a draw, and made of IEEE operations only, so the same
 * on every machine.
 */
import seedrandom from "seedrandom";

/** Draws a number in [0, 1). */
export type RandomStream = () => number;

/** The stream called `name` of the run with this seed; the same pair gives the same draws everywhere. */
export function randomStream(seed: number, name: string): RandomStream {
  return seedrandom.alea(`${seed}/${name}`);
}

/** An exponential draw with mean 1. Never infinite: the uniform draw is taken from (0, 1]. */
export function drawExponential(random: RandomStream): number {
  return -Math.log(1 - random());
}

/** A standard normal draw (Marsaglia's polar method; the second value is dropped so that no state hides in a stream). */
export function drawNormal(random: RandomStream): number {
  for (;;) {
    const x = 2 * random() - 1;
    const y = 2 * random() - 1;
    const squared = x * x + y * y;
    if (squared > 0 && squared < 1) return x * Math.sqrt((-2 * Math.log(squared)) / squared);
  }
}
