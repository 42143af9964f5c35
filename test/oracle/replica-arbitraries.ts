/**
 * Random cases for the replica oracle: tiny KV caches, blocks and budgets, so that everything rare happens often, and
 * step times from a picosecond (many boundaries in one nanosecond) to milliseconds.
 */
import * as fc from "fast-check";
import { affineStepModel } from "../../src/replica/affine.ts";
import type { PrefixKey } from "../../src/replica/prefix-key.ts";
import { profiledStepModel, type StepProfile } from "../../src/replica/profiled.ts";
import type { StepModel } from "../../src/replica/step-model.ts";
import { predictedStepModel } from "../../src/replica/step-time/predicted.ts";
import { kernelShares } from "../../src/replica/step-time/shares.ts";
import type { Joining } from "../../src/replica/running-batch.ts";
import type { Case, TimedAction } from "./replica-case.ts";
import type { Action, Habits } from "./replica-world.ts";

const coefficient = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 4_001 }),
  fc.integer({ min: 0, max: 70_000_003 }),
);

/** A model that says in a counterexample what it is. */
interface NamedModel {
  readonly model: StepModel;
  readonly isWholeNs: boolean;
}

const affine = fc
  .record({
    fixedPs: coefficient,
    perSequencePs: coefficient,
    perTokenPs: coefficient,
    contextTokenPs: coefficient,
  })
  .filter((given) => given.fixedPs + given.perSequencePs + given.perTokenPs > 0)
  .map((given) => named("affine", given, affineStepModel(given)));

/** The same with coefficients of whole nanoseconds, so that published times are the exact ones. */
const wholeAffine = fc
  .record({
    fixedPs: thousands(3_000),
    perSequencePs: thousands(300),
    perTokenPs: thousands(90),
    contextTokenPs: thousands(20),
  })
  .filter((given) => given.fixedPs + given.perSequencePs + given.perTokenPs > 0)
  .map((given) => ({ ...named("affine", given, affineStepModel(given)), isWholeNs: true }));

const predicted = fc
  .record({
    layers: fc.integer({ min: 1, max: 81 }),
    kvHeads: fc.integer({ min: 1, max: 9 }),
    feedForwardSize: fc.integer({ min: 1, max: 30_011 }),
    isMixture: fc.boolean(),
    tensorParallel: fc.constantFrom(1, 2, 4),
    nvlinkBytesPerS: fc.constantFrom(0, 449.9e9),
    maxNumSeqs: fc.constantFrom(1, 8, 300),
    window: fc.option(
      fc.record({
        tokens: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 90, max: 9_000 })),
        layers: fc.integer({ min: 0, max: 1 }),
      }),
      { nil: undefined },
    ),
    precision: fc.constantFrom("bf16" as const, "fp8" as const),
    decodeUneven: fc.record({
      share: fc.constantFrom(0, 0.276, 1),
      most: fc.constantFrom(0.1, 0.5, 1.5),
    }),
  })
  .map((given) => {
    const { layers, kvHeads, feedForwardSize, isMixture, tensorParallel, nvlinkBytesPerS } = given;
    const mixture = {
      layers,
      experts: 9,
      expertsPerToken: 2,
      expertSize: feedForwardSize,
      sharedSize: 1_001,
    };
    const model = predictedStepModel({
      model: {
        name: "odd",
        layers,
        hiddenSize: 4_099,
        attention: { kind: "grouped", heads: 31, kvHeads, headSize: 127, window: given.window },
        feedForward: {
          size: feedForwardSize,
          matrices: 3,
          mixture: isMixture ? mixture : undefined,
        },
        vocabulary: 32_003,
        tiedEmbeddings: false,
        otherParameters: 0,
        maxContextTokens: 131_072,
        precision: given.precision,
        kvPrecision: "bf16",
      },
      gpu: {
        name: "odd",
        flopsPerS: { bf16: 988.7e12, fp8: 1_979.3e12 },
        memoryBytes: 80e9,
        memoryBytesPerS: 3.3501e12,
        nvlinkBytesPerS,
        pcieBytesPerS: 63.1e9,
      },
      parallel: { tensorParallel, dataParallel: 1, expertParallel: false },
      maxNumSeqs: given.maxNumSeqs,
      shares: { ...kernelShares(undefined), decodeUneven: given.decodeUneven },
    });
    return named("predicted", given, model);
  });

/** A curve from `first` on: rises of some picoseconds after some sequences or tokens. */
function curve(first: fc.Arbitrary<number>): fc.Arbitrary<StepProfile["decode"]> {
  const rise = fc.record({ by: fc.integer({ min: 1, max: 40 }), ps: coefficient });
  return fc.tuple(first, fc.array(rise, { maxLength: 4 })).map(([ps, rises]) => {
    const points = [{ at: 1, ps }];
    for (const { by, ps: more } of rises) {
      const last = points.at(-1)!;
      points.push({ at: last.at + by, ps: last.ps + more });
    }
    return { points };
  });
}

const profiled = fc
  .record({
    decode: curve(coefficient.map((ps) => ps + 1)),
    prefill: curve(fc.constant(0)),
    chunkPs: coefficient,
    pairPs: fc.double({ min: 0, max: 3_000, noNaN: true }),
    contextTokenPs: coefficient,
  })
  .map((given) => {
    const figures = { flopsPerToken: 0, weightBytesPerStep: 0, contextTokenBytes: 0 };
    return named("profiled", given, profiledStepModel(given, figures));
  });

const stepModel: fc.Arbitrary<NamedModel> = fc.oneof(affine, wholeAffine, predicted, profiled);

/** Whole factors scale a step's division exactly; the other ones are rounded per step. */
const factor = fc.constantFrom(1, 2, 3, 7, 0.5, 1.37, 0.8099);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("join" as const), count: count(1, 4) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("evict" as const), rank: count(0, 5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("ask" as const), ahead: count(-1, 30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("slow" as const), factor }) },
);

const outage: fc.Arbitrary<Action> = fc.constantFrom({ kind: "crash" }, { kind: "restart" });

const when: fc.Arbitrary<Omit<TimedAction, "action">> = fc.record({
  boundaries: fc.oneof(
    { weight: 2, arbitrary: count(0, 3) },
    { weight: 1, arbitrary: count(0, 40) },
  ),
  at: fc.constantFrom("tie", "after", "just-before", "just-after", "between", "same"),
  fraction: fc.double({ min: 0, max: 1, noNaN: true }),
});

const script: fc.Arbitrary<TimedAction[]> = fc.array(
  fc
    .tuple(when, fc.oneof({ weight: 9, arbitrary: action }, { weight: 1, arbitrary: outage }))
    .map(([time, what]) => ({ ...time, action: what })),
  { minLength: 1, maxLength: 30, size: "max" },
);

const none: Action = { kind: "none" };
const reactions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof({ weight: 5, arbitrary: fc.constant(none) }, { weight: 1, arbitrary: action }),
  { maxLength: 40, size: "max" },
);

const victims: fc.Arbitrary<Habits["victims"]> = fc.oneof(
  fc.constant(["newest" as const]),
  fc.array(fc.constantFrom("none", "newest", "oldest"), { minLength: 1, maxLength: 6 }),
);

/** Few streams of tokens and few lengths, so that prompts begin alike, go on differently, and end anywhere in a block. */
const prefix: fc.Arbitrary<PrefixKey> = fc.record({
  salt: fc.constantFrom(0, 0, -1),
  segments: fc
    .tuple(
      fc.array(fc.record({ id: count(1, 3), tokens: fc.constantFrom(3, 8, 21, 48) }), {
        maxLength: 2,
      }),
      count(1, 4),
    )
    .map(([segments, id]) => [...segments, { id, tokens: Infinity }]),
});

/** A case of at most `maxNumSeqs` short sequences, each of which fits into the KV cache when it joins. */
export const smallCase: fc.Arbitrary<Case> = fc
  .record({
    stepModel,
    maxNumSeqs: count(1, 9),
    spareTokens: count(1, 40),
    blockTokens: fc.constantFrom(1, 2, 4, 7, 16),
    kvTokens: count(1, 400),
    asyncScheduling: fc.boolean(),
  })
  .chain(({ stepModel: { model, isWholeNs }, kvTokens, ...size }) => {
    const { maxNumSeqs, spareTokens, blockTokens, asyncScheduling } = size;
    const kvBlocks = Math.ceil(kvTokens / blockTokens);
    const joining: fc.Arbitrary<Joining> = fc.record({
      contextTokens: fc.oneof(
        count(1, Math.min(kvBlocks * blockTokens, 20)),
        count(1, Math.min(kvBlocks * blockTokens, 120)),
      ),
      remainingTokens: fc.oneof(count(1, 5), count(1, 80)),
      dueNs: count(0, 5),
      prefix: fc.oneof(fc.constant(undefined), prefix, prefix),
    });
    return fc.record({
      config: fc.constant({
        stepModel: model,
        maxNumSeqs,
        maxNumBatchedTokens: maxNumSeqs + spareTokens,
        kvBlocks,
        blockTokens,
        asyncScheduling,
      }),
      habits: fc.record({
        backlog: fc.array(joining, { minLength: 1, maxLength: 25, size: "max" }),
        refills: fc.boolean(),
        reactions,
        victims,
      }),
      script,
      isWholeNs: fc.constant(isWholeNs),
    });
  });

/** Few calls, long outputs: steps in the thousands, and steps slow enough for time to be counted afresh on the way. */
export const longCase: fc.Arbitrary<Case> = fc.record({
  config: fc.record({
    stepModel: fc.oneof(
      fc
        .record({
          fixedPs: count(100e9, 300e9),
          perSequencePs: count(0, 1e9),
          perTokenPs: count(0, 40e6),
          contextTokenPs: count(0, 2e6),
        })
        .map(affineStepModel),
      predicted.map(({ model }) => model),
    ),
    maxNumSeqs: count(2, 24),
    maxNumBatchedTokens: count(48, 2_048),
    kvBlocks: count(1_000, 4_000),
    blockTokens: fc.constant(16),
    asyncScheduling: fc.boolean(),
  }),
  habits: fc.record({
    backlog: fc.array(
      fc.record({
        contextTokens: count(1, 4_000),
        remainingTokens: count(500, 9_000),
        dueNs: count(0, 5),
        prefix: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, prefix),
      }),
      { minLength: 8, maxLength: 40, size: "max" },
    ),
    refills: fc.constant(true),
    reactions: fc.constant([]),
    victims,
  }),
  script: fc
    .array(
      fc
        .tuple(when, count(0, 3_000), action)
        .map(([time, boundaries, what]) => ({ ...time, boundaries, action: what })),
      { minLength: 3, maxLength: 10, size: "max" },
    )
    .map((calls) => [
      { boundaries: 0, at: "same", fraction: 0, action: { kind: "join", count: 6 } },
      ...calls,
    ]),
  isWholeNs: fc.constant(false),
});

function named(kind: string, given: object, model: StepModel): NamedModel {
  const toString = () => `${kind} ${JSON.stringify(given)}`;
  return { model: Object.assign(model, { toString }), isWholeNs: false };
}

function thousands(max: number): fc.Arbitrary<number> {
  return count(0, max).map((value) => value * 1_000);
}

function count(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min, max });
}
