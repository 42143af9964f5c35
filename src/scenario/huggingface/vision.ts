/** How many parameters the vision tower of a multimodal model has: an engine keeps it in memory though no text passes it. */
import { isPlainMap, type PlainMap } from "../plain.ts";
import { ConfigKeys } from "./keys.ts";

/** Attention of four square matrices and two of the feed-forward network per layer; patches and projector are left out. */
export function visionParameters(config: PlainMap): number {
  const vision = config["vision_config"];
  if (!isPlainMap(vision)) return 0;
  const keys = new ConfigKeys(vision, {}, "vision_config.");
  const width = keys.countIfAny("embed_dim", "hidden_size", "width");
  const layers = keys.countIfAny("num_hidden_layers", "depth", "layers");
  if (width === undefined || layers === undefined) return 0;
  const feedForward = keys.countIfAny("intermediate_size") ?? 4 * width;
  return layers * width * (4 * width + 2 * feedForward);
}
