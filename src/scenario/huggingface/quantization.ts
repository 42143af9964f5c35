/** How a checkpoint stores its weights, by `quantization_config`. What has no counterpart here is named, for the pool to decide. */
import type { WeightPrecision } from "../../replica/hardware.ts";
import { firstText, isPlainMap, type PlainMap } from "../plain.ts";
import type { ConfigKeys } from "./keys.ts";

export type StoredAs =
  | { readonly kind: "known"; readonly precision: WeightPrecision }
  | { readonly kind: "unknown"; readonly method: string };

const FP8_METHODS = new Set(["fp8", "fbgemm_fp8", "deepspeedfp", "ptpc_fp8"]);
const FOUR_BIT_METHODS = new Set(["awq", "gptq", "gptq_marlin", "awq_marlin", "auto-round"]);
const USUAL_BITS = 4;

export function storedAs(keys: ConfigKeys): StoredAs {
  const config = keys.map("quantization_config");
  if (config === undefined) return { kind: "known", precision: "bf16" };
  const method = firstText(config["quant_method"], config["quant_algo"]).toLowerCase();
  const precision = precisionOf(method, config);
  if (precision !== undefined) return { kind: "known", precision };
  const form = firstText(config["quant_algo"]).toLowerCase();
  const named = [...new Set([method, form])].filter((one) => one !== "").join(" ");
  return { kind: "unknown", method: named === "" ? "without quant_method" : named };
}

/** What is said of a method that has no counterpart. */
export function unknownQuantization(method: string | undefined): string {
  return `the checkpoint's quantization '${method}' is not known: say which it is most like (bf16, fp8, int4 or mxfp4)`;
}

function precisionOf(method: string, config: PlainMap): WeightPrecision | undefined {
  if (FP8_METHODS.has(method)) return "fp8";
  if (method === "mxfp4") return "mxfp4";
  if (FOUR_BIT_METHODS.has(method)) {
    const bits = config["bits"] ?? config["w_bit"] ?? USUAL_BITS;
    return bits === 4 ? "int4" : undefined;
  }
  if (method === "modelopt" || method === "fp8_e4m3") {
    return firstText(config["quant_algo"], "fp8").toLowerCase() === "fp8" ? "fp8" : undefined;
  }
  return method === "compressed-tensors" ? compressed(config) : undefined;
}

/** compressed-tensors: groups of layers, each with the form of its weights; all must agree. */
function compressed(config: PlainMap): WeightPrecision | undefined {
  const groups = isPlainMap(config["config_groups"]) ? Object.values(config["config_groups"]) : [];
  const forms = groups.map((group) => {
    const weights = isPlainMap(group) && isPlainMap(group["weights"]) ? group["weights"] : {};
    const { num_bits: bits, type } = weights;
    if (bits === 8 && type === "float") return "fp8";
    return bits === 4 && type === "int" ? "int4" : undefined;
  });
  const [first] = forms;
  return forms.every((form) => form === first) ? first : undefined;
}
