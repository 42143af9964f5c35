/**
 * The measured models and GPUs by whatever name a file has for them: the catalogue's, the vendor's, the driver's, Hugging Face's;
 * capitals, spaces and dashes do not matter. What is not known stays as it was written, for the loader to refuse.
 */
import { GPUS } from "../src/scenario/catalogue/gpus.ts";
import { MODELS, modelNamed } from "../src/scenario/catalogue/models.ts";

/** Names that leave something open, and what is meant: the kind that is rented most. */
const ALSO_CALLED: readonly (readonly [name: string, gpu: string])[] = [
  ["A100", "a100-80gb"],
  ["A100-SXM", "a100-80gb"],
  ["A100-80GB-SXM", "a100-80gb"],
  ["A100-SXM4-80GB", "a100-80gb"],
  ["A100-40GB-SXM", "a100-40gb"],
  ["A100-SXM4-40GB", "a100-40gb"],
  ["H100", "h100-sxm"],
  ["H100-80GB", "h100-sxm"],
  ["H100-80GB-SXM", "h100-sxm"],
  ["H100-80GB-HBM3", "h100-sxm"],
  ["H100-SXM5", "h100-sxm"],
  ["H100-SXM5-80GB", "h100-sxm"],
  ["H100-80GB-PCIe", "h100-pcie"],
  ["H100-94GB-NVL", "h100-nvl"],
  ["H200-SXM", "h200"],
  ["H200-141GB", "h200"],
  ["B200-180GB", "b200"],
];

const BY_NAME: ReadonlyMap<string, string> = new Map([
  ...ALSO_CALLED.map(([name, gpu]) => [plain(name), gpu] as const),
  ...[...GPUS].flatMap(([name, { title }]) => [
    [plain(title), name] as const,
    [plain(name), name] as const,
  ]),
]);

export function gpuOf(name: string): string {
  return BY_NAME.get(plain(name)) ?? name;
}

/** Without vendor, capitals and what stands between words. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/nvidia|amd|instinct/gu, "")
    .replace(/[^a-z0-9]/gu, "");
}

/** A model's name as the loader knows it: catalogue names are in small letters, those of Hugging Face in any. */
export function modelOf(name: string): string {
  const small = name.toLowerCase();
  return MODELS.has(small) ? small : name;
}

/** As scenario files call it; as the data does where the model is not known. */
export function modelName({ model }: { readonly model: string }): string {
  return modelNamed(model)?.entry.shape.name ?? model;
}
