/** A JSON file of ours, checked whole before anybody reads it: another version, or a broken one, is told in a sentence. */
import { z } from "zod";
import { InputError } from "../exit-codes.ts";

export interface FileForm<Content> {
  /** What such a file is called: "results.json". */
  readonly name: string;
  readonly version: number;
  readonly schema: z.ZodType<Content>;
}

const versioned = z.object({
  schemaVersion: z.unknown(),
  tenantryVersion: z.string().optional().catch(undefined),
});

/** Fails: InputError when the value is not such a file, whole and of this version. */
export function checkedFile<Content>(
  value: unknown,
  path: string,
  { name, version, schema }: FileForm<Content>,
): Content {
  const head = versioned.safeParse(value).data;
  if (head?.schemaVersion === undefined) {
    throw new InputError(`${path} is not a ${name}: it has no schemaVersion`);
  }
  if (head.schemaVersion !== version) {
    const writer =
      head.tenantryVersion === undefined ? "" : ` (written by tenantry ${head.tenantryVersion})`;
    const isNewer = typeof head.schemaVersion === "number" && head.schemaVersion > version;
    const way = isNewer
      ? "Use the version that wrote it, or a newer one."
      : "Make it again, or use the version that wrote it.";
    throw new InputError(
      `${path} has schemaVersion ${JSON.stringify(head.schemaVersion)}${writer}; this version of tenantry reads ${version}. ${way}`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new InputError(`${path} is not a whole ${name}: ${where}: ${issue?.message}`);
}
