/** Leaving a model out must leave out all that its own runs say: two made-up models, whose engines have little in common, tell. */
import { expect, test } from "vitest";
import { meanError } from "../../../fidelity/evaluate.ts";
import { evaluateLeftOut } from "../../../fidelity/left-out.ts";
import type { MeasuredRun } from "../../../fidelity/measured.ts";
import { predict } from "../../../fidelity/predict.ts";
import { poolScenario } from "../../../fidelity/scenario-of.ts";
import { stepModelWith } from "../../../fit/load-tests.ts";
import { sharesWithout } from "../../../fit/unseen.ts";
import { RUN } from "./made-data.ts";

interface Truth {
  readonly layerPs: number;
  readonly requestNs: number;
}

const QUICK: Truth = { layerPs: 10e6, requestNs: 2e6 };
const SLOW: Truth = { layerPs: 40e6, requestNs: 20e6 };

/** A run that measured what the model says with these constants. */
function madeRun(model: string, { layerPs, requestNs }: Truth): MeasuredRun {
  const stages = [4, 8, 12].map((ratePerS) => ({ ratePerS, seconds: 30 }));
  const observed = [undefined, 0, 1, 2].map((stage) => ({ ...RUN.observed[0]!, stage }));
  const run = { ...RUN, name: model, model, stages, observed };
  const stepModel = stepModelWith({ layerPs }, poolScenario(run).platform.pools[0]!);
  const edgeOverhead = { requestNs, runningNs: 0 };
  return { ...run, observed: predict(run, { stepModel, edgeOverhead }).observed };
}

test("a model left out is predicted with what the other's runs say, and nothing of its own", () => {
  const runs = [
    madeRun("meta-llama/Llama-2-7b-hf", QUICK),
    madeRun("mistralai/Mistral-7B-v0.1", SLOW),
  ];
  const { withoutModel, evaluated } = evaluateLeftOut(runs);
  const [quick, slow] = [...withoutModel.keys()].map((model) => withoutModel.get(model)!);
  // Without the quick one only the slow one speaks, and the other way round: within a third of what they differ by.
  expect(Math.abs(quick!.layerPs - SLOW.layerPs)).toBeLessThan(10e6);
  expect(Math.abs(slow!.layerPs - QUICK.layerPs)).toBeLessThan(10e6);
  expect(Math.abs(quick!.edge.requestNs - SLOW.requestNs)).toBeLessThan(6e6);
  expect(Math.abs(slow!.edge.requestNs - QUICK.requestNs)).toBeLessThan(6e6);
  const [ofQuick, ofSlow] = evaluated.map((one) => meanError(one, "tpot")!);
  // 32 layers of 30 us are 1 ms of about 8 and 9.
  expect(ofQuick).toBeGreaterThan(0.09);
  expect(ofSlow).toBeLessThan(-0.09);
});

test("the launch of products in FP8, which Llama-4-Scout's runs helped to choose, is the table's where it is left out", () => {
  const pool = poolScenario({ ...RUN, name: "any" }).platform.pools[0]!;
  const { fp8, ...shipped } = sharesWithout("llama-2-7b", pool);
  const { fp8: others, ...rest } = sharesWithout("llama-4-scout", pool);
  expect(rest).toEqual(shipped);
  expect(others).toEqual({ ...fp8, floorPs: 13.1e6 });
});
