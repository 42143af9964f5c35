/** What a token takes in the KV cache. Sliding windows are not subtracted: within its window a layer keeps every token. */
import type { ModelSpec } from "./hardware.ts";

/** KV-cache bytes of one token, over all layers; on all GPUs of a replica together where heads are split and not copied. */
export function kvBytesPerToken(model: ModelSpec): number {
  return model.layers * kvBytesPerTokenAndLayer(model);
}

/** KV-cache bytes of one token in one layer. */
export function kvBytesPerTokenAndLayer({ attention, kvPrecision }: ModelSpec): number {
  const bytesPerValue = kvPrecision === "fp8" ? 1 : 2;
  const values =
    attention.kind === "grouped"
      ? 2 * attention.kvHeads * attention.headSize
      : attention.kvLoraRank + attention.ropeHeadSize;
  return values * bytesPerValue;
}
