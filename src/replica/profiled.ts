/**
 * A step-time model made of measured steps: what decoding costs by batch size, what prompt tokens add to that, each as a
 * curve of straight pieces, and three slopes. Fitting the curves is profile/fit.ts's business; here they are given. Between
 * measured points times are interpolated; below the first a curve is flat, beyond the last its last octave goes on.
 */
import { assert } from "../base/assert.ts";
import type { StepModel } from "./step-model.ts";

/** Points by rising `at`, times never falling. */
export interface StepCurve {
  readonly points: readonly { readonly at: number; readonly ps: number }[];
}

export interface StepProfile {
  /** A step of so many decoding sequences, without their context. Its first point is what any step takes at least. */
  readonly decode: StepCurve;
  /** What so many prompt tokens add to a step; its first point is (fewest measured, 0). */
  readonly prefill: StepCurve;
  /** What each prompt chunk adds, whatever its length. */
  readonly chunkPs: number;
  /** Per query-key pair of the prompt chunks. */
  readonly pairPs: number;
  /** Per token of the decoding sequences' total context. */
  readonly contextTokenPs: number;
}

/** What is known beside the times: by the model's shape, and how far the measurements went. */
type Figures = Pick<
  StepModel,
  "flopsPerToken" | "weightBytesPerStep" | "contextTokenBytes" | "measured"
>;

/**
 * Builds the model: time = decode(sequences) + chunk * chunks + prefill(prompt tokens) + pair * pairs, and its slope in
 * context. The split of a step's time is a roofline's: a token owns what one more token costs a busy GPU (the slope at
 * the end of the prefill curve), and what is left, reading weights and overhead, is fixed: everyone waits for it.
 */
export function profiledStepModel(profile: StepProfile, figures: Figures): StepModel {
  const decode = new Curve(profile.decode);
  const prefill = new Curve(profile.prefill);
  const { chunkPs, pairPs } = profile;
  const contextTokenPs = Math.round(profile.contextTokenPs);
  const tokenPs = prefill.slopeBeyond;
  assert(decode.at(0) >= 1, "a step would take no time");
  assert(Math.min(chunkPs, pairPs, contextTokenPs) >= 0, "a coefficient is negative");
  return {
    flopsPerToken: figures.flopsPerToken,
    weightBytesPerStep: figures.weightBytesPerStep,
    contextTokenBytes: figures.contextTokenBytes,
    measured: figures.measured,
    cost(batch, cost) {
      const { decodes, prefills, prefillTokens } = batch;
      let wholePs = decode.at(decodes);
      if (prefills > 0) wholePs += chunkPs * prefills + prefill.at(prefillTokens);
      const ownPs = Math.min(wholePs, tokenPs * (decodes + prefillTokens));
      const attentionPs = pairPs * batch.prefillPairs;
      cost.fixedPs = wholePs - ownPs;
      cost.attentionPs = attentionPs;
      cost.totalPs = Math.round(wholePs + attentionPs);
      cost.contextTokenPs = contextTokenPs;
      cost.steps = Infinity;
    },
  };
}

/** A curve that is looked up for every simulated segment. */
class Curve {
  readonly #at: Float64Array;
  readonly #ps: Float64Array;
  /** Per unit beyond the last point: a single piece may be short and its slope noise, an octave is not. */
  readonly slopeBeyond: number;

  constructor({ points }: StepCurve) {
    assert(points.length > 0, "a curve has no points");
    this.#at = Float64Array.from(points, ({ at }) => at);
    this.#ps = Float64Array.from(points, ({ ps }) => ps);
    for (let index = 1; index < points.length; index++) {
      assert(this.#at[index]! > this.#at[index - 1]!, "a curve's points do not rise");
      assert(this.#ps[index]! >= this.#ps[index - 1]!, "a curve falls");
    }
    const last = this.#at.at(-1)!;
    const from = Math.max(last / 2, this.#at[0]!);
    const risePs = this.#ps.at(-1)! - this.at(from);
    this.slopeBeyond = last > from ? risePs / (last - from) : 0;
  }

  at(x: number): number {
    const at = this.#at;
    const ps = this.#ps;
    const last = at.length - 1;
    if (x <= at[0]!) return ps[0]!;
    if (x >= at[last]!) return ps[last]! + (x - at[last]!) * this.slopeBeyond;
    let index = 1;
    while (at[index]! < x) index++;
    const share = (x - at[index - 1]!) / (at[index]! - at[index - 1]!);
    return ps[index - 1]! + share * (ps[index]! - ps[index - 1]!);
  }
}
