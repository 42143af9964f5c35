/** What a step's kernels work on, held to the counts of parameters and KV bytes that memory is sized by. */
import { describe, expect, test } from "vitest";
import { kvBytesPerToken } from "../../../../src/replica/kv-size.ts";
import { attentionWork, layerMatrices } from "../../../../src/replica/step-time/layers.ts";
import { weightCounts } from "../../../../src/replica/weights.ts";
import { DENSE, LATENT_MIXTURE } from "./models.ts";

function weightsOf(matrices: ReturnType<typeof layerMatrices>): number {
  return matrices.reduce((sum, { count, inner, columns }) => sum + count * inner * columns, 0);
}

describe("matrices", () => {
  test.each([DENSE, LATENT_MIXTURE])(
    "of $name are all its layers' weights but the routed experts",
    (model) => {
      const counts = weightCounts(model);
      const all = counts.attention + counts.attentionWhole + counts.feedForward;
      expect(weightsOf(layerMatrices(model, 1))).toBe(all);
    },
  );

  test("of a dense model are split evenly", () => {
    expect(4 * weightsOf(layerMatrices(DENSE, 4))).toBe(weightsOf(layerMatrices(DENSE, 1)));
  });

  test("of more GPUs than KV heads hold a copy of one head each", () => {
    const [projection] = layerMatrices(DENSE, 16);
    expect(projection).toMatchObject({ inner: 4_096, columns: (2 + 2) * 128 });
  });

  test("that compress latent attention are whole on every GPU", () => {
    const { attentionWhole } = weightCounts(LATENT_MIXTURE);
    const [compress] = layerMatrices(LATENT_MIXTURE, 8);
    expect(compress!.count * compress!.inner * compress!.columns).toBe(attentionWhole);
  });
});

describe("attention", () => {
  test("reads of a context token what the cache holds of it, split over GPUs", () => {
    const work = attentionWork(DENSE, 4);
    expect(4 * 32 * work.contextBytes).toBe(kvBytesPerToken(DENSE));
    // 8 heads of 128: two products of two FLOPs each.
    expect(work.pairFlops).toBe(4 * 8 * 128);
  });

  test("of an FP8 cache reads half", () => {
    const work = attentionWork({ ...DENSE, kvPrecision: "fp8" }, 1);
    expect(2 * work.contextBytes).toBe(attentionWork(DENSE, 1).contextBytes);
  });

  test("of compressed keys and values reads all of them on every GPU, with every head of its own", () => {
    const work = attentionWork(LATENT_MIXTURE, 8);
    expect(61 * work.contextBytes).toBe(kvBytesPerToken(LATENT_MIXTURE));
    expect(work.contextFlops).toBe(2 * 16 * (512 + 64 + 512));
    expect(work.pairFlops).toBe(2 * 16 * (192 + 128));
  });
});
