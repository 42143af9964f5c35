/** Sweeps without simulations: made-up runs whose tails fall and whose costs rise with the number of GPUs. */
import { figuresOf, type RunFigures } from "../../../src/results/figures.ts";
import { type Sweep, sweepOf, type SweptVariant } from "../../../src/report/sweep/sweep.ts";
import { exampleResults } from "./fixture.ts";

const BASE = figuresOf(exampleResults());

/** A run with this P99 TTFT of every tier, and this cost per hour; a tier misses above 100 ms. */
export function runOf(ttftMs: number | null, usdPerHour: number, seed = 1): RunFigures {
  const isMissed = ttftMs !== null && ttftMs > 100;
  const verdict = isMissed ? ("missed" as const) : ("met" as const);
  return {
    ...BASE,
    seed,
    tiers: BASE.tiers.map((tier) => ({
      ...tier,
      verdict: ttftMs === null ? "not-enough-data" : verdict,
      targets: [
        { metric: "ttft", percentile: 99, limitMs: 100, measuredMs: ttftMs, verdict: "met" },
      ],
      figures: {
        ...tier.figures,
        "ttft-p99": ttftMs,
        "compliance-owed": ttftMs === null ? null : isMissed ? 0.9 : 1,
      },
    })),
    platform: {
      ...BASE.platform,
      "usd-per-hour": usdPerHour,
      "usd-per-million-tokens": usdPerHour / 10,
    },
  };
}

export function sweepFrom(
  names: readonly string[],
  variants: readonly SweptVariant[],
  isSampled = false,
  more: Partial<Pick<Sweep, "trafficDimensions" | "asked">> = {},
): Sweep {
  return sweepOf(names, variants, {
    tenantryVersion: "1.2.3",
    scenario: { name: "example", description: "How many GPUs?", hash: "abc" },
    seeds: variants[0]!.runs.map(({ seed }) => seed),
    isSampled,
    dependentClients: [],
    trafficDimensions: [],
    asked: { vary: [], sample: isSampled ? variants.length : null, overrides: [] },
    ...more,
  });
}

/** A grid with so many values per dimension: numbers, then shares, then names. */
export function gridOf(sizes: readonly number[], replications = 1): Sweep {
  const names = ["shared.gpus", "gold.weight", "policy"].slice(0, sizes.length);
  const values = [
    (at: number) => String(8 + 4 * at),
    (at: number) => `${10 * (at + 1)}%`,
    (at: number) => `policy-${at}`,
  ];
  let points: number[][] = [[]];
  for (const size of sizes) {
    points = points.flatMap((point) => Array.from({ length: size }, (_, at) => [...point, at]));
  }
  return sweepFrom(
    names,
    points.map((point) => {
      const [gpus = 0, ...others] = point;
      const more = others.reduce((sum, at) => sum + at, 0);
      const tail = 2000 / (1 + 3 * gpus + 4 * more);
      return {
        point: point.map((at, dimension) => values[dimension]!(at)),
        runs: Array.from({ length: replications }, (_, at) =>
          runOf(tail * (1 + 0.1 * at), 32 + 16 * gpus, at + 1),
        ),
      };
    }),
  );
}

/** A Latin hypercube of two dimensions. */
export function sampleOf(variants: number): Sweep {
  const swept = Array.from({ length: variants }, (_, at) => {
    const gpus = 8 + ((at * 7) % variants);
    return {
      point: [String(gpus), `${(at * 1.37).toFixed(2)}/s`],
      runs: [runOf(900 / gpus, 4 * gpus)],
    };
  });
  return sweepFrom(["shared.gpus", "acme.rate"], swept, true);
}
