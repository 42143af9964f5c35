/** Older and newer versions of the file format. */
import { describe, expect, it } from "vitest";
import { parameterCount } from "../../../src/replica/weights.ts";
import { loadScenario } from "../../../src/scenario/load.ts";
import { formatProblem } from "../../../src/scenario/problems.ts";
import { SMALL } from "./example.ts";

const VERSION_0 = SMALL.replace("version: 2", "version: 0")
  .replaceAll("replicas:", "gpus:")
  .replace(
    "  pools:",
    "  tiers:\n    gold: { weight: 5, slo: 50ms }\n    silver: { weight: 3, slo: 100ms }\n    bronze: { weight: 2 }\n  pools:",
  );

function load(text: string, overrides: readonly string[] = []) {
  const loaded = loadScenario(text, { fileName: "old.yaml", overrides });
  const problems = loaded.kind === "loaded" ? loaded.warnings : loaded.problems;
  return { loaded, texts: problems.map((one) => formatProblem(one)) };
}

describe("version 0", () => {
  it("is read as the present one, with a warning for each rename at the line as written", () => {
    const { loaded, texts } = load(VERSION_0);
    expect(loaded.kind).toBe("loaded");
    expect(texts).toEqual([
      "old.yaml:1:10: version: version 0 is read as version 2: see the warnings for what to rename",
      "old.yaml:5:29: platform.tiers.gold.slo: slo is now one of the targets: targets: [{ ttft: ... }]",
      "old.yaml:6:31: platform.tiers.silver.slo: slo is now one of the targets: targets: [{ ttft: ... }]",
      "old.yaml:9:57: platform.pools.shared.gpus: gpus is now called replicas",
      "old.yaml:10:55: platform.pools.gold.gpus: gpus is now called replicas",
    ]);
    const platform = loaded.kind === "loaded" ? loaded.scenario.platform : undefined;
    expect(platform?.pools.map((pool) => pool.replicas)).toEqual([2, 1]);
    expect(platform?.tiers.map((tier) => tier.targets)).toEqual([
      [{ metric: "ttft", percentile: 99, limitNs: 50e6 }],
      [{ metric: "ttft", percentile: 99, limitNs: 100e6 }],
      [],
    ]);
  });

  it("means the same as the file written anew", () => {
    const anew = VERSION_0.replace("version: 0", "version: 2")
      .replaceAll("gpus:", "replicas:")
      .replaceAll(/slo: (\w+)/gu, "targets: [{ ttft: $1 }]");
    const [old, current] = [load(VERSION_0).loaded, load(anew).loaded];
    expect(current.kind).toBe("loaded");
    expect(old.kind === "loaded" && old.scenario.canonicalJson).toBe(
      current.kind === "loaded" && current.scenario.canonicalJson,
    );
  });

  it("has its problems reported where the old key stands", () => {
    const { texts } = load(
      VERSION_0.replace("gpus: 2", "gpus: two").replace("slo: 50ms", "slo: 50"),
    );
    expect(texts).toEqual([
      "old.yaml:5:29: platform.tiers.gold.targets[0].ttft: expected a duration such as 50ms, got '50'",
      "old.yaml:9:57: platform.pools.shared.replicas: expected a number, got 'two'",
    ]);
  });

  it("takes --set in the names of the present version", () => {
    const { loaded } = load(VERSION_0, ["platform.pools.shared.replicas=6"]);
    expect(loaded.kind === "loaded" && loaded.scenario.platform.pools[0]!.replicas).toBe(6);
  });

  it("survives sections that are not maps", () => {
    const { texts } = load("version: 0\nname: a\nplatform: { pools: 3, tiers: [x] }\n");
    expect(texts.some((text) => text.includes("platform.pools: expected a map, got '3'"))).toBe(
      true,
    );
  });
});

/** The small scenario of version 1, its second pool with a model of its own. */
function withOwn(models: string): string {
  return SMALL.replace("version: 2", "version: 1")
    .replace("  pools:", models)
    .replace("gold: { model: llama-3.1-8b", "gold: { model: own, precision: fp8");
}

function modelOf(text: string) {
  const { loaded } = load(text);
  return loaded.kind === "loaded" ? loaded.scenario.platform.pools[1]!.model : undefined;
}

describe("version 1", () => {
  const OWN = `  models:
    own: { parameters: 1.1B, layers: 22, hiddenSize: 2048, attentionHeads: 32, kvHeads: 4, headSize: 64, ffnSize: 5632, maxContext: 20k }
  pools:`;
  it("is read without a word where nothing has changed its name", () => {
    expect(load(SMALL.replace("version: 2", "version: 1")).texts).toEqual([]);
  });

  it("described models in words of its own: they become keys of a config.json, where they stand", () => {
    const { texts } = load(withOwn(OWN));
    expect(texts).toEqual([
      expect.stringMatching(
        /^old\.yaml:5:10: platform\.models\.own: a model is now the keys of its config\.json: config: \{model_type: llama, num_hidden_layers: 22, .*vocab_size: 31988/u,
      ),
    ]);
    const model = modelOf(withOwn(OWN))!;
    expect(Math.abs(parameterCount(model) / 1.1e9 - 1)).toBeLessThan(1e-4);
    expect(model.feedForward).toMatchObject({ size: 5632, mixture: undefined });
  });

  it("left the width or the experts open: they are chosen so that the parameters come out", () => {
    const open = OWN.replace(" ffnSize: 5632,", "");
    expect(Math.abs(parameterCount(modelOf(withOwn(open))!) / 1.1e9 - 1)).toBeLessThan(1e-3);
    const mixture = OWN.replace("1.1B", "46.7B, activeParameters: 12.9B")
      .replace("layers: 22, hiddenSize: 2048", "layers: 32, hiddenSize: 4096")
      .replace(
        "kvHeads: 4, headSize: 64, ffnSize: 5632",
        "kvHeads: 8, headSize: 128, ffnSize: 14336",
      );
    expect(modelOf(withOwn(mixture))!.feedForward.mixture).toMatchObject({
      experts: 8,
      expertsPerToken: 2,
    });
  });

  it("leaves what is no model to the schema", () => {
    const { texts } = load(withOwn(OWN.replace("layers: 22", "layers: many")));
    expect(texts.some((text) => text.includes("platform.models.own"))).toBe(true);
  });
});

describe("other versions", () => {
  it.each([
    [
      "version: 3",
      "1:10: version: the file is of version 3, this program reads versions up to 2: a newer release is needed",
    ],
    ["version: one", "1:10: version: expected version: 2"],
    ["version: '1'", "1:10: version: expected version: 2"],
    ["version: -1", "1:10: version: expected version: 2"],
    ["version: 1.5", "1:10: version: expected version: 2"],
    ["verison: 1", "1:1: version is missing: add 'version: 2'"],
  ])("%s is the only problem", (line, message) => {
    const { loaded, texts } = load(SMALL.replace("version: 2", line).replace("cv: 2", "cv: 0"));
    expect(loaded.kind).toBe("invalid");
    expect(texts).toEqual([`old.yaml:${message}`]);
  });

  it("the present version keeps old names as unknown keys", () => {
    const { texts } = load(SMALL.replace("replicas: 2", "gpus: 2"));
    expect(texts.some((text) => text.includes("pools.shared.gpus: unknown key"))).toBe(true);
  });
});
