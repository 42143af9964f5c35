/** Scenario texts the tests start from. */

/** A small valid scenario; line numbers in the tests refer to it. */
export const SMALL = `version: 2
name: small
platform:
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 2, tierShares: { silver: 60%, bronze: 40% } }
    gold: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, dedicatedTo: acme }
  tenants:
    acme:
      tier: gold
      quotas: { maxQps: 20/s, maxTokensPerDay: 50M, maxGpuMemory: 40GiB, maxSpendPerMonth: $1000 }
      adapters:
        legal: { rank: 16 }
    beta: { tier: silver }
    coda: { tier: bronze }
workload:
  acme:
    arrivals: { process: gamma, rate: 20/s, cv: 2 }
    promptTokens: { lognormal: { median: 512, p99: 4000, max: 8000 } }
    outputTokens: 128
    adapters: { legal: 50% }
  beta-chat:
    tenant: beta
    arrivals: { process: poisson, rate: 90/min }
    promptTokens: 256
    outputTokens: { quantiles: { p50: 129, p90: 424, p99: 601, max: 1000 } }
faults:
  - crash: { pool: shared, replica: 1, at: 60s, downFor: 30s }
simulation: { duration: 10min, warmup: 30s }
`;
