/** The measured models by their Hugging Face names: what the catalogue calls them, and the shapes of those it lacks. */

export interface KnownModel {
  readonly name: string;
  /** A shape as platform.models takes it; undefined where the catalogue has the model. */
  readonly definition?: object;
}

const MODELS: ReadonlyMap<string, KnownModel> = new Map<string, KnownModel>([
  ["meta-llama/Llama-2-7b-hf", { name: "llama-2-7b" }],
  ["meta-llama/Llama-2-70b-hf", { name: "llama-2-70b" }],
  ["meta-llama/Llama-3.1-70B-Instruct", { name: "llama-3.1-70b" }],
  ["mistralai/Mixtral-8x7B-v0.1", { name: "mixtral-8x7b" }],
  ["Qwen/Qwen2.5-7B-Instruct", { name: "qwen2.5-7b" }],
  [
    "codellama/CodeLlama-34b-Instruct-hf",
    {
      name: "codellama-34b",
      definition: {
        parameters: 33743970304,
        layers: 48,
        hiddenSize: 8192,
        attentionHeads: 64,
        kvHeads: 8,
        headSize: 128,
        ffnSize: 22016,
        maxContext: 16384,
      },
    },
  ],
  [
    "01-ai/Yi-34B",
    {
      name: "yi-34b",
      definition: {
        parameters: 34388917248,
        layers: 60,
        hiddenSize: 7168,
        attentionHeads: 56,
        kvHeads: 8,
        headSize: 128,
        ffnSize: 20480,
        maxContext: 4096,
      },
    },
  ],
  [
    "mistralai/Mistral-Nemo-Instruct-2407",
    {
      name: "mistral-nemo-12b",
      definition: {
        parameters: 12247782400,
        layers: 40,
        hiddenSize: 5120,
        attentionHeads: 32,
        kvHeads: 8,
        headSize: 128,
        ffnSize: 14336,
        maxContext: 128000,
      },
    },
  ],
  [
    "RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic",
    {
      name: "llama-4-scout",
      definition: {
        parameters: 107.77e9,
        activeParameters: 17.17e9,
        layers: 48,
        hiddenSize: 5120,
        attentionHeads: 40,
        kvHeads: 8,
        headSize: 128,
        maxContext: 10485760,
      },
    },
  ],
]);

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
  return modelOf(model)?.name ?? model;
}

export function modelOf(huggingFaceName: string): KnownModel | undefined {
  return MODELS.get(huggingFaceName);
}
