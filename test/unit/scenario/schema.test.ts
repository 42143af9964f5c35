/** The JSON Schema: committed as generated (refresh with `vitest -u`), complete for editors, told in the reference. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loadScenario } from "../../../src/scenario/load.ts";
import { type JsonSchema, scenarioJsonSchema } from "../../../src/scenario/schema/file.ts";

const reference = readFileSync(new URL("../../../docs/scenario.md", import.meta.url), "utf8");

/** Every property below a schema, with its path. */
function properties(schema: JsonSchema | boolean, path = ""): [path: string, schema: JsonSchema][] {
  if (typeof schema === "boolean") return [];
  const items = schema.items ?? [];
  const below = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(Array.isArray(items) ? items : [items]),
    schema.additionalProperties ?? false,
  ];
  const nested = below.flatMap((one) => properties(one, path));
  const own = Object.entries(schema.properties ?? {}).flatMap(
    ([key, one]): [string, JsonSchema][] => {
      if (typeof one === "boolean") return [];
      const at = `${path}.${key}`;
      return [[at, one], ...properties(one, at)];
    },
  );
  return [...own, ...nested];
}

it("is committed as generated", async () => {
  const text = `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot("../../../schema/scenario.schema.json");
});

it("describes every field", () => {
  const all = properties(scenarioJsonSchema());
  expect(all.length).toBeGreaterThan(150);
  expect(all.filter(([, one]) => one.description === undefined).map(([path]) => path)).toEqual([]);
});

it("refuses unknown keys in editors too, and knows input types, not parsed ones", () => {
  const schema = scenarioJsonSchema();
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(["version", "name", "platform"]);
  const rate = properties(schema).find(([path]) => path.endsWith("arrivals.rate"))![1];
  expect(rate.type).toBe("string");
  expect(new RegExp(rate.pattern!, "u").test("20/s")).toBe(true);
});

it("has every key in docs/scenario.md", () => {
  const words = new Set(reference.match(/[$\w]+/gu));
  const keys = properties(scenarioJsonSchema()).map(([path]) => path.split(".").at(-1)!);
  expect([...new Set(keys)].filter((key) => !words.has(key))).toEqual([]);
});

it("loads the example of docs/scenario.md without a warning", () => {
  const example = /```yaml\n([\s\S]*?)```/u.exec(reference)![1]!;
  const loaded = loadScenario(example, { fileName: "docs/scenario.md", overrides: [] });
  expect(loaded.kind === "invalid" ? loaded.problems : loaded.warnings).toEqual([]);
});
