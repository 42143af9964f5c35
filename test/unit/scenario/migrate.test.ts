/** Older and newer versions of the file format. */
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../../src/scenario/load.ts";
import { formatProblem } from "../../../src/scenario/problems.ts";
import { SMALL } from "./example.ts";

const VERSION_0 = SMALL.replace("version: 1", "version: 0")
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
  it("is read as version 1, with a warning for each rename at the line as written", () => {
    const { loaded, texts } = load(VERSION_0);
    expect(loaded.kind).toBe("loaded");
    expect(texts).toEqual([
      "old.yaml:1:10: version: version 0 is read as version 1: see the warnings for what to rename",
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
    const anew = VERSION_0.replace("version: 0", "version: 1")
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

describe("other versions", () => {
  it.each([
    [
      "version: 2",
      "1:10: version: the file is of version 2, this program reads versions up to 1: a newer release is needed",
    ],
    ["version: one", "1:10: version: expected version: 1"],
    ["version: '1'", "1:10: version: expected version: 1"],
    ["version: -1", "1:10: version: expected version: 1"],
    ["version: 1.5", "1:10: version: expected version: 1"],
    ["verison: 1", "1:1: version is missing: add 'version: 1'"],
  ])("%s is the only problem", (line, message) => {
    const { loaded, texts } = load(SMALL.replace("version: 1", line).replace("cv: 2", "cv: 0"));
    expect(loaded.kind).toBe("invalid");
    expect(texts).toEqual([`old.yaml:${message}`]);
  });

  it("the present version keeps old names as unknown keys", () => {
    const { texts } = load(SMALL.replace("replicas: 2", "gpus: 2"));
    expect(texts.some((text) => text.includes("pools.shared.gpus: unknown key"))).toBe(true);
  });
});
