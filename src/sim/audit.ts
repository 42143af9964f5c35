/**
 * Measures how accurately GPU time is attributed to tenants, never by comparing a number with itself: the scenario's first
 * requests run once more, step by step, on replicas whose hidden step times differ from the biller's model (other
 * coefficients per replica, noise on every step). The biller sees only measured step times and its own model; the truth
 * divides the same steps by the hidden coefficients.
 */
import { splitStay } from "../engine/cost/split-stay.ts";
import { drawNormal, randomStream, type RandomStream } from "../base/random.ts";
import type { PoolConfig } from "../engine/config.ts";
import type { StepTruth } from "../replica/simulated-replica.ts";
import { StepMeter } from "../replica/step-meter.ts";
import type { StepModel } from "../replica/step-model.ts";
import type { AttributionBlock } from "../results/results.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type SimulationHooks, runSimulation } from "./simulate.ts";

/** A step never takes less than this share of its modelled time, however the noise falls. */
const LEAST_NOISE = 0.2;

/** Runs the audit that the scenario asks for. */
export function auditAttribution(
  scenario: Scenario,
  hooks: Pick<SimulationHooks, "openTrace" | "onProgress">,
): AttributionBlock {
  const { audit, seed, maxRequests } = scenario.simulation;
  const stated = { stepNoise: audit.stepNoise, coefficientError: audit.coefficientError };
  if (audit.requests === 0) {
    return { accuracy: null, accuracyByBatchShare: null, auditedRequests: 0, ...stated };
  }
  const shortened: Scenario = {
    ...scenario,
    simulation: { ...scenario.simulation, maxRequests: Math.min(maxRequests, audit.requests) },
  };
  const tenants = scenario.platform.tenants.length;
  const truth = new Float64Array(tenants);
  const billed = new Float64Array(tenants);
  const byBatchShare = new Float64Array(tenants);
  const witnesses: StepMeter[] = [];
  let auditedRequests = 0;
  runSimulation(shortened, {
    ...hooks,
    truthOf(replica, pool) {
      const random = randomStream(seed, `audit/${replica}`);
      const witness = new StepMeter(pool.maxNumSeqs);
      witnesses[replica] = witness;
      return hiddenTruth(pool, witness, { ...stated, random });
    },
    onStay(request, replica, departure) {
      // A sequence that never entered the batch used nothing, and its slot's witness still shows the one before.
      if (departure.prefillPs === 0) return;
      const own = splitStay(request, departure);
      const witness = witnesses[replica]!;
      const trueStay = splitStay(request, {
        ...departure,
        prefillPs: witness.share.prefillPs(departure.slot),
        decodePs: witness.share.decodePs(departure.slot),
      });
      billed[request.tenant]! += own.tenantPs;
      truth[request.tenant]! += trueStay.tenantPs;
      byBatchShare[request.tenant]! += own.batchSharePs;
      if (departure.reason === "finished") auditedRequests += 1;
    },
  });
  return {
    accuracy: accuracyOf(billed, truth),
    accuracyByBatchShare: accuracyOf(byBatchShare, truth),
    auditedRequests,
    ...stated,
  };
}

/** 1 - 1/2 sum |billed - true| / sum true; null where nothing was used. */
function accuracyOf(billed: Float64Array, truth: Float64Array): number | null {
  let difference = 0;
  let total = 0;
  for (const [tenant, ps] of truth.entries()) {
    difference += Math.abs(billed[tenant]! - ps);
    total += ps;
  }
  return total === 0 ? null : 1 - difference / 2 / total;
}

interface Hiding {
  readonly stepNoise: number;
  readonly coefficientError: number;
  readonly random: RandomStream;
}

/** Coefficients drawn once around the biller's, and a noise factor per step. */
function hiddenTruth(pool: PoolConfig, witness: StepMeter, hiding: Hiding): StepTruth {
  const { random, coefficientError, stepNoise } = hiding;
  const drawFactor = () => 1 + coefficientError * (2 * random() - 1);
  const factors = { fixed: drawFactor(), token: drawFactor(), attention: drawFactor() };
  const contextFactor = drawFactor();
  const { stepModel } = pool;
  const hidden: StepModel = {
    ...stepModel,
    cost(batch, cost) {
      stepModel.cost(batch, cost);
      const ownPs = (cost.totalPs - cost.fixedPs - cost.attentionPs) * factors.token;
      cost.fixedPs *= factors.fixed;
      cost.attentionPs *= factors.attention;
      cost.totalPs = Math.round(cost.fixedPs + cost.attentionPs + ownPs);
      cost.contextTokenPs = Math.round(cost.contextTokenPs * contextFactor);
    },
  };
  const noise = () => Math.max(LEAST_NOISE, 1 + stepNoise * drawNormal(random));
  return { stepModel: hidden, noise, witness };
}
