/**
 * The scenario file as a whole: its sections, its version, and its JSON Schema for editors.
 */
import { z } from "zod";
import { plan } from "./plan.ts";
import { platform } from "./platform.ts";
import { serve } from "./serve.ts";
import { faults, simulation, workload } from "./workload.ts";

/** The version this program writes and reads; older files are migrated (migrate.ts). */
export const CURRENT_VERSION = 2;

export const scenarioFile = z
  .strictObject({
    $schema: z.string().optional().describe("Where editors find this schema (JSON files)."),
    version: z.literal(CURRENT_VERSION).describe("Version of the file format."),
    name: z.string().min(1).describe("Short name, used in reports."),
    description: z.string().default("").describe("The question this scenario answers."),
    platform: platform.describe("What is provided: policy, tiers, pools, tenants, prices."),
    workload,
    faults,
    simulation,
    serve,
    plan,
  })
  .describe("A Tenantry scenario.");

export type ScenarioFile = z.output<typeof scenarioFile>;

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Made once: a plan that loads a thousand variants would otherwise spend more on the schema than on the files. */
let jsonSchema: JsonSchema | undefined;

/**
 * The JSON Schema (draft 7, which every editor's YAML support reads) of a scenario file as it is written: strings with
 * units, defaults as text. `tenantry schema` prints it. Callers share it, and leave it as it is.
 */
export function scenarioJsonSchema(): JsonSchema {
  jsonSchema ??= z.toJSONSchema(scenarioFile, { io: "input", target: "draft-7" });
  return jsonSchema;
}
