/** Short names of a scenario's places: which they mean, and what is said where they mean none or several. */
import { describe, expect, test } from "vitest";
import { ScenarioText } from "../../../src/scenario/load.ts";
import { splitPath } from "../../../src/scenario/override.ts";
import { formatPath } from "../../../src/scenario/problems.ts";
import { placeNamed } from "../../../src/scenario/short-path.ts";
import { twoTiers } from "../planner/files.ts";

const text = new ScenarioText(
  `${twoTiers()}faults: [ { crash: { pool: shared, replica: 0, at: 5s, downFor: 5s } } ]\n`,
);

function meant(name: string, overrides: readonly string[] = []): string {
  const found = placeNamed(splitPath(`${name}=0`)!.path, text.places(overrides));
  if (found.kind === "found") return formatPath(found.path);
  return `${found.message}${found.suggestion === undefined ? "" : `; ${found.suggestion}`}`;
}

describe("a short name", () => {
  test.each([
    ["shared.replicas", "platform.pools.shared.replicas"],
    ["platform.pools.shared.replicas", "platform.pools.shared.replicas"],
    ["tiers.gold.weight", "platform.tiers.gold.weight"],
    ["gold.weight", "platform.tiers.gold.weight"],
    ["lab.rate", "workload.lab.arrivals.rate"],
    ["policy", "platform.policy"],
    ["seed", "simulation.seed"],
    ["crash.at", "faults[0].crash.at"],
    [
      "stepTime.fixed",
      "it may mean platform.pools.own.stepTime.fixed, platform.pools.shared.stepTime.fixed: name more of the path",
    ],
    ["shared.stepTime.fixed", "platform.pools.shared.stepTime.fixed"],
    // Not written in the file, but known to the schema.
    ["shared.autoscale.max", "platform.pools.shared.autoscale.max"],
    ["shop.quotas.maxQps", "platform.tenants.shop.quotas.maxQps"],
  ])("%s means %s", (name, path) => {
    expect(meant(name)).toBe(path);
  });

  test.each([
    ["shard.replicas", "nothing in the scenario is called 'shard'; shared"],
    ["shared.replica", "there is no 'replica' in shared; replicas"],
    ["gold.wieght", "there is no 'wieght' in gold; weight"],
    ["own.rate", "there is no 'rate' in own"],
    ["zzz", "nothing in the scenario is called 'zzz'"],
  ])("%s is told as %s", (name, message) => {
    expect(meant(name)).toBe(message);
  });

  test("that means many is told with some of them", () => {
    expect(meant("weight")).toMatch(
      /^it may mean platform\.tiers\.gold\.weight, .* and 2 more: name more/,
    );
  });

  test("a setting inside a plain value is no place", () => {
    // promptTokens: 16 holds no lognormal.
    expect(meant("lab.promptTokens.lognormal.median")).toContain("there is no 'median'");
    expect(
      meant("lab.median", ["workload.lab.promptTokens={lognormal: {median: 9, sigma: 1}}"]),
    ).toBe("workload.lab.promptTokens.lognormal.median");
  });

  test("default tiers have places though the file does not write them", () => {
    const bare = new ScenarioText(twoTiers().replace(/ {2}tiers:\n( {4}.*\n){3}/, ""));
    expect(placeNamed(["gold", "weight"], bare.places([]))).toEqual({
      kind: "found",
      path: ["platform", "tiers", "gold", "weight"],
    });
  });
});
