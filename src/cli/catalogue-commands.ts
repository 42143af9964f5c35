/** The commands about what is known of models and GPUs, as the command line knows them. */
import type { Command } from "commander";
import { gpusCommand } from "./gpus.ts";
import { modelsCommand, type ModelsOptions } from "./models.ts";

/** Adds `gpus` and `models`. */
export function registerCatalogueCommands(program: Command): void {
  program
    .command("gpus")
    .description("list the GPUs a scenario may name, or tell of one with every figure's source")
    .argument("[gpu]", "name of one, such as h100-sxm")
    .option("--json", "print JSON")
    .action((gpu: string | undefined, options: { readonly json?: boolean }) => {
      process.exitCode = gpusCommand(gpu, options);
    });
  program
    .command("models")
    .description("list the models a scenario may name, or tell of one and where it fits")
    .argument("[model]", "name of one, of its Hugging Face repository, or a config.json")
    .option("--gpu <name>", "what of the model fits on this GPU, for each tensor parallelism")
    .option("--precision <name>", "bf16, fp8, int4 or mxfp4 (default: as the checkpoint has them)")
    .option("--kv-cache-dtype <name>", "bf16 or fp8 (default: bf16)")
    .option("--data-parallel <n>", "groups of GPUs that share the experts (default: 1)")
    .option("--expert-parallel", "keep experts whole and spread them over the GPUs")
    .option("--gpus-per-node <n>", "GPUs of one machine: no replica spans two (default: 8)")
    .option("--max-num-seqs <n>", "sequences in a running batch (default: 256)")
    .option("--max-num-batched-tokens <n>", "tokens computed in one step (default: 2048)")
    .option("--gpu-memory-utilization <share>", "of GPU memory (default: 0.9)")
    .option("--json", "print JSON")
    .action((model: string | undefined, options: ModelsOptions) => {
      process.exitCode = modelsCommand(model, options);
    });
}
