/**
 * Which combinations of values a sweep tries: all of them (a grid, the last dimension changing fastest), or a Latin hypercube:
 * n variants that cut every dimension into n equal parts and use each part once, so that few variants see much of it.
 */
import { randomStream } from "../base/random.ts";
import { type Dimension, valueAt } from "./vary.ts";

export type Space =
  | { readonly kind: "combinations"; readonly points: readonly Point[] }
  | { readonly kind: "refused"; readonly message: string };

/** A value for every dimension, as written. */
export type Point = readonly string[];

/** Variants of one sweep: each is loaded and checked before any runs. */
const MOST_VARIANTS = 20_000;

export interface Sampling {
  readonly variants: number;
  readonly seed: number;
}

export function combinations(
  dimensions: readonly Dimension[],
  sampling: Sampling | undefined,
): Space {
  if (sampling !== undefined)
    return { kind: "combinations", points: sampled(dimensions, sampling) };
  let points: Point[] = [[]];
  for (const { name, values } of dimensions) {
    if (values.kind === "range") {
      const message = `${name}: a range without a step has no end of values: give one (8..32:4), or draw a sample (--sample 50)`;
      return { kind: "refused", message };
    }
    if (points.length * values.texts.length > MOST_VARIANTS) {
      const message = `more than ${MOST_VARIANTS} variants: take fewer values, or draw a sample (--sample 200)`;
      return { kind: "refused", message };
    }
    points = points.flatMap((point) => values.texts.map((text) => [...point, text]));
  }
  return { kind: "combinations", points };
}

/** Equal draws, in lists and whole numbers, are one variant: the sample then has fewer. */
function sampled(dimensions: readonly Dimension[], { variants, seed }: Sampling): Point[] {
  const columns = dimensions.map(({ name, values }) => {
    // A stream per dimension: one more leaves the others' draws as they are.
    const random = randomStream(seed, `sweep/${name}`);
    const parts = shuffled(variants, random);
    return parts.map((part) => valueAt(values, (part + random()) / variants));
  });
  const points = Array.from({ length: variants }, (_, at) => columns.map((column) => column[at]!));
  return [...new Map(points.map((point) => [JSON.stringify(point), point])).values()];
}

/** The numbers below `count` in random order (Fisher and Yates). */
function shuffled(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}
