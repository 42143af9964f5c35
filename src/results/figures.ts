/**
 * A run in a few dozen numbers: what sweeps keep of each of their simulations, in the measures that comparisons use. Written a
 * line per run into a sweep's folder, so that names and order are part of a file format.
 */
import { PLATFORM_MEASURES, tierMeasures, type Measure } from "./measures.ts";
import type { Results, SlaBlock, TargetResult } from "./results.ts";

/** Values by the ids of their measures. */
export type Figures = Readonly<Record<string, number | null>>;

export interface TierFigures {
  readonly name: string;
  readonly verdict: SlaBlock["verdict"];
  readonly objective: number;
  readonly targets: readonly TargetResult[];
  readonly figures: Figures;
}

export interface RunFigures {
  readonly seed: number;
  readonly simulatedSeconds: number;
  readonly tiers: readonly TierFigures[];
  readonly platform: Figures;
}

/** The measures of a tier that every run has, whatever it rejected. */
export const TIER_MEASURES = tierMeasures([]);

export function figuresOf(results: Results): RunFigures {
  return {
    seed: results.scenario.seed,
    simulatedSeconds: results.run.simulatedSeconds,
    tiers: results.tiers.map((tier) => ({
      name: tier.name,
      verdict: tier.sla.verdict,
      objective: tier.sla.objective,
      targets: tier.sla.targets,
      figures: measured(TIER_MEASURES, tier),
    })),
    platform: measured(PLATFORM_MEASURES, results),
  };
}

function measured<Subject>(measures: readonly Measure<Subject>[], subject: Subject): Figures {
  return Object.fromEntries(measures.map(({ id, of }) => [id, of(subject)]));
}
