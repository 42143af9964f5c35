/** What a search for the smallest platform answers: sizes that were tried and fit, or why there are none. */

export type Smallest =
  | {
      readonly kind: "found";
      /** Per searched pool. */
      readonly replicas: readonly number[];
      /** Of the searched pools together. */
      readonly gpus: number;
    }
  /** The largest size tried still missed, in these tiers. */
  | { readonly kind: "not-within"; readonly mostGpus: number; readonly tiers: readonly string[] }
  /** Nothing was missed, but these tiers have too few requests to be judged, whatever the size. */
  | { readonly kind: "not-enough-data"; readonly tiers: readonly string[] };
