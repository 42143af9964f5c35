/** Values written back into a scenario's text: only they change, and the file says exactly what was asked for. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../../src/scenario/load.ts";
import { rewriteText } from "../../../src/scenario/rewrite.ts";

const FILE = `version: 2
name: small # a name
platform:
  # who goes first
  policy: slo-fair   # for now
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 2 } # two
    spare:
      model: llama-3.1-8b   # the same
      gpu: h100-sxm
      replicas: 1
      tierShares:
        silver: 60%
        bronze: 40%
  tenants:
    shop: { tier: silver, pools: [shared] }
simulation: {}
`;

function rewritten(overrides: readonly string[], text = FILE): string {
  const result = rewriteText(text, overrides);
  if (result.kind === "refused") throw new Error(result.reason);
  return result.text;
}

describe("a value is written", () => {
  it("in place of a scalar, in flow and block maps, comments and spacing kept", () => {
    const text = rewritten(["platform.pools.shared.replicas=8", "platform.pools.spare.replicas=3"]);
    expect(text).toBe(
      FILE.replace("replicas: 2 }", "replicas: 8 }").replace("replicas: 1", "replicas: 3"),
    );
  });

  it("in place of a name, and inside the map that it has become", () => {
    const text = rewritten([
      "platform.policy={ name: slo-fair }",
      "platform.policy.maxPreemptions=4",
    ]);
    expect(text).toContain("policy: { name: slo-fair, maxPreemptions: 4 }   # for now");
  });

  it("in place of a map in block style", () => {
    const text = rewritten(["platform.pools.spare.tierShares={ silver: 0.7, bronze: 0.3 }"]);
    expect(text).toContain("      tierShares: { silver: 0.7, bronze: 0.3 }\n  tenants:");
  });

  it("as a new key, in flow, in block, and in an empty map", () => {
    const text = rewritten([
      "platform.pools.shared.lend=false",
      "platform.pools.spare.blockSize=32",
      "simulation.seed=7",
    ]);
    expect(text).toContain("replicas: 2, lend: false } # two");
    expect(text).toContain(
      "    spare:\n      blockSize: 32\n      model: llama-3.1-8b   # the same",
    );
    expect(text).toContain("simulation: { seed: 7 }");
  });

  it("with what lies between, and the default tiers where it changes one of them", () => {
    const text = rewritten(["plan.growth=9%", "platform.tiers.silver.weight=45"]);
    const loaded = loadScenario(text, { fileName: "new.yaml", overrides: [] });
    if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.scenario.plan.monthlyGrowth).toBe(0.09);
    expect(loaded.scenario.platform.tiers.map(({ weight }) => weight)).toEqual([50, 45, 20]);
  });

  it("into JSON as JSON", () => {
    const json = JSON.stringify({ version: 2, name: "j", simulation: { seed: 1 } });
    expect(JSON.parse(rewritten(["simulation.seed=2", "description={ a: 1 }"], json))).toEqual({
      version: 2,
      name: "j",
      description: { a: 1 },
      simulation: { seed: 2 },
    });
  });

  it("in every shipped scenario without touching any other line", () => {
    for (const file of readdirSync("scenarios").filter((name) => name.endsWith(".yaml"))) {
      const text = readFileSync(`scenarios/${file}`, "utf8");
      const after = rewritten(["simulation.seed=4711", "platform.policy={ name: vtc }"], text);
      const before = new Set(text.split("\n"));
      const changed = after.split("\n").filter((line) => !before.has(line));
      expect(changed.length, `${file}: ${changed.join("\n")}`).toBeLessThanOrEqual(3);
      const kindOf = (one: string) => loadScenario(one, { fileName: file, overrides: [] }).kind;
      expect(kindOf(after), file).toBe(kindOf(text));
    }
  });
});

describe("is left to its author", () => {
  it.each([
    [
      "an anchor",
      FILE.replace(
        "shop: { tier: silver,",
        "base: &b { tier: silver }\n    shop: *b\n    other: { tier: silver,",
      ),
      "platform.tenants.shop.tier=bronze",
      /anchor/,
    ],
    ["no path", FILE, "seed", /expected path=value/],
    ["something inside a name", FILE, "platform.policy.maxPreemptions=1", /not in a map/],
  ])("%s", (_, text, override, reason) => {
    const result = rewriteText(text, [override]);
    expect(result.kind === "refused" && result.reason).toMatch(reason);
  });
});
