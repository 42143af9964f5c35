/** The measured models and GPUs by the names of the files: what the catalogue calls them. */
import { modelNamed } from "../src/scenario/catalogue/models.ts";

/** What the files call a GPU, and what the catalogue does. */
const GPUS: ReadonlyMap<string, string> = new Map([
  ["H100", "h100-sxm"],
  ["H100-80GB-SXM", "h100-sxm"],
]);

export function gpuOf(name: string): string {
  return GPUS.get(name) ?? name;
}

/** As scenario files call it; as the data does where the model is not known. */
export function modelName({ model }: { readonly model: string }): string {
  return modelNamed(model)?.entry.shape.name ?? model;
}
