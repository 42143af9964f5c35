/**
 * Successive halving (Jamieson and Talwalkar, 2016): all candidates on a short run, the better half of them on a longer one, and
 * so on, until few enough are left. For choices that have no order to bisect along. A candidate that is dropped may still have
 * been the best; it only looked worse on a short run.
 */

export interface Halving<Candidate, Rung> {
  /** From the cheapest to the dearest look. */
  readonly rungs: readonly Rung[];
  /** No fewer than these are left at the end. */
  readonly keep: number;
  /** One score per candidate, the lower the better. */
  readonly evaluate: (candidates: readonly Candidate[], rung: Rung) => Promise<readonly number[]>;
}

/** The kept, best first by the last look at them; the dropped, in the order they were. */
export async function successiveHalving<Candidate, Rung>(
  candidates: readonly Candidate[],
  { rungs, keep, evaluate }: Halving<Candidate, Rung>,
): Promise<{ readonly kept: readonly Candidate[]; readonly dropped: readonly Candidate[] }> {
  let kept = candidates;
  const dropped: Candidate[] = [];
  for (const rung of rungs) {
    if (kept.length <= keep) break;
    const scores = await evaluate(kept, rung);
    const order = [...kept.keys()].toSorted((a, b) => scores[a]! - scores[b]! || a - b);
    const isLast = rung === rungs.at(-1);
    const left = isLast ? keep : Math.max(keep, Math.ceil(kept.length / 2));
    dropped.push(...order.slice(left).map((at) => kept[at]!));
    kept = order.slice(0, left).map((at) => kept[at]!);
  }
  return { kept, dropped };
}
