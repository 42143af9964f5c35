/**
 * What each figure means, said once: the page shows these in its appendix and on hover over a column, the Markdown in its
 * appendix. docs/results.md defines the fields of the file itself.
 */

export interface Definition {
  readonly term: string;
  readonly meaning: string;
}

export const DEFINITIONS = {
  ttft: {
    term: "TTFT",
    meaning:
      "Time to first token: from a request's arrival at the platform's edge to its first output token.",
  },
  tpot: {
    term: "TPOT",
    meaning:
      "Time per output token: (E2E − TTFT) / (output tokens − 1), one value per request; a request with a single output token has none.",
  },
  e2e: { term: "E2E", meaning: "From a request's arrival to its last output token." },
  queue: {
    term: "Queue",
    meaning: "Waiting time: from a request's arrival to the moment it joins a running batch.",
  },
  quantiles: {
    term: "P50, P90, P99",
    meaning:
      "Quantiles over completed requests that arrived after the warm-up, within 0.1 % of the exact order statistic; per slice of time, within 3 %. Means and maxima are exact.",
  },
  verdict: {
    term: "Verdict",
    meaning:
      "Met or missed, per target and for the tier or tenant as a whole. Below 100 samples it is “not enough data”, and never counts as met.",
  },
  compliance: {
    term: "Compliance",
    meaning:
      "Share of completed requests that met every target of their tier. The verdict counts as missed what the platform owed and did not deliver: refused for want of room, failed, given up by the client. “With rejections” counts all that did not complete, those over the tenant's own quotas too. All leave out the warm-up.",
  },
  errorBudget: {
    term: "Error budget used",
    meaning:
      "(1 − compliance) / (1 − objective), of the requests within quota: above 100 % the run broke more promises than the objective allows.",
  },
  goodput: {
    term: "Goodput",
    meaning: "Completed requests per second that met every target of their tier.",
  },
  utilization: {
    term: "Utilization (busy)",
    meaning:
      "Busy GPU time / provisioned GPU time. It flatters: a single sequence makes a GPU busy. Read it beside the next two.",
  },
  mfu: {
    term: "MFU",
    meaning:
      "Model FLOPs utilization: floating-point operations done / the GPUs' peak over provisioned time.",
  },
  bandwidth: {
    term: "Memory bandwidth",
    meaning: "Bytes moved / the GPUs' peak memory bandwidth over provisioned time.",
  },
  hitRate: {
    term: "Prefix hit rate",
    meaning:
      "Prompt tokens found in a replica's prefix cache, and so not computed / all prompt tokens, of requests that produced output.",
  },
  cacheSaved: {
    term: "Saved by the prefix cache",
    meaning:
      "Cached tokens × (input price − cached input price): what tenants would have paid more. GPU time saved comes on top.",
  },
  attribution: {
    term: "Attribution accuracy",
    meaning:
      "1 − ½ Σ |billed − true| / Σ true over tenants, where “true” is the division of GPU time step by step in a replica whose real step times the biller does not know.",
  },
  baseline: {
    term: "1/batch baseline",
    meaning:
      "The cost if every step were divided equally among the sequences in its batch: common, simple, and unfair to short requests.",
  },
  share: {
    term: "Share of service, share of weight",
    meaning:
      "Weighted tokens delivered (input and output, each with its weight), and tier weight × tenant weight, both as shares among the tenants of the same pools.",
  },
  requiredGpus: {
    term: "GPUs by rule of thumb",
    meaning:
      "What the allocator would start with for what the pool admitted: GPU time per request at a batch of 32, at 75 % busy. A rule of thumb that leaves room for bursts; the verdicts say whether fewer do.",
  },
  jain: {
    term: "Jain's index",
    meaning:
      "(Σx)² / (n Σx²) over the rates of service / weight that tenants had while several were backlogged; 1 is perfectly fair. Of several pools, the least fair.",
  },
} as const satisfies Readonly<Record<string, Definition>>;
