/** Profile files written and read again, what is wrong with others, and pools that use one. */
import { describe, expect, test } from "vitest";
import { emptyCost } from "../../../src/replica/step-model.ts";
import { loadScenario } from "../../../src/scenario/load.ts";
import { loadProfile, type Profile, profileText } from "../../../src/scenario/profile-file.ts";
import { namedFilesOf } from "../../../src/scenario/named-files.ts";
import { formatProblem } from "../../../src/scenario/problems.ts";

const PROFILE: Profile = {
  origin: {
    model: "llama-3.1-8b",
    gpu: "h100-sxm",
    tensorParallel: 1,
    precision: undefined,
    engine: 'vLLM "0.20.1": nightly',
    date: "2026-06-13",
    source: {
      file: "steps.csv",
      sha256: "00ff",
      format: "tenantry",
      lines: 80,
      steps: 78,
      leftOut: [{ rows: 2, firstLine: 7, reason: "far off" }],
    },
  },
  steps: {
    decode: {
      points: [
        { at: 1, ps: 8e9 },
        { at: 32, ps: 9.12345e9 },
      ],
    },
    contextTokenPs: 41_000,
    prefill: {
      points: [
        { at: 64, ps: 0 },
        { at: 2048, ps: 35e9 },
      ],
    },
    chunkPs: 5e8,
    pairPs: 538.286,
  },
  measured: {
    decodes: { least: 1, most: 32 },
    contextPerDecode: { least: 128, most: 8192 },
    prefillTokens: { least: 64, most: 2048 },
  },
  notes: ["Something: odd."],
  cells: [
    {
      prefills: 0,
      prefillTokens: 0,
      prefillPairs: 0,
      decodes: 1,
      contextTokens: 512,
      ms: 8.021,
      rows: 4,
    },
  ],
};
const TEXT = profileText(PROFILE);

function expectLoaded(text: string) {
  const loaded = loadProfile(text, "p.yaml");
  if (loaded.kind === "invalid") expect.fail(loaded.problems.map(formatProblem).join("\n"));
  return loaded;
}

test("what is written is what is read", () => {
  const { profile } = expectLoaded(TEXT);
  const { precision: _none, ...origin } = PROFILE.origin;
  expect(profile).toEqual({ ...PROFILE, origin });
  expect(profileText(profile)).toBe(TEXT);
});

describe("a file that is no profile says where and why", () => {
  test.each([
    ["profileVersion: 1", "profileVersion: 2", /^p\.yaml:2:17: profileVersion: expected 1/],
    [
      "    - [32, 9.12345]",
      "    - [1, 9]",
      /^p\.yaml:\d+:7: decode\.curveMs\[1\]: expected \[count, ms\] pairs with rising counts and times that do not fall, got \[1, 9\] after \[1, 8\]/,
    ],
    [
      "    - [32, 9.12345]",
      "    - [32, 7.9]",
      /decode\.curveMs\[1\].*got \[32, 7\.9\] after \[1, 8\]/,
    ],
    ["    - [1, 8]\n", "    - [1, 0]\n", /decode\.curveMs: expected a first time above 0/],
    [
      "contextTokenPs: 41000",
      "contextTokenPs: -1",
      /decode\.contextTokenPs: expected at least 0, got/,
    ],
    ["  pairPs:", "  pairsPs:", /prefill\.pairsPs: unknown key; .*did you mean 'pairPs'/],
    [
      "decodes: [1, 32]",
      "decodes: [32, 1]",
      /measured\.decodes: expected the smaller number first/,
    ],
    ["measured:", "measured: [", /^p\.yaml:\d+:\d+: /],
  ])("%s becomes %s", (from, to, message) => {
    const text = TEXT.replace(from, to);
    expect(text).not.toBe(TEXT);
    const loaded = loadProfile(text, "p.yaml");
    if (loaded.kind === "loaded") expect.fail("it was read");
    expect(loaded.problems.map(formatProblem).join("\n")).toMatch(message);
  });
});

const SCENARIO = `version: 2
name: profiled
platform:
  pools:
    chat: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, maxNumSeqs: 32, stepTime: { profile: p.yaml } }
    "my.own": { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1 }
  tenants:
    shop: { tier: gold, pools: chat }
workload:
  shop: { arrivals: { process: poisson, rate: 1/s }, promptTokens: 100, outputTokens: 20 }
`;

/** As the command line does: what the file holds in place of its name. */
function withProfile(text: string, overrides: readonly string[] = []) {
  const { file } = expectLoaded(TEXT);
  const inlined = namedFilesOf(text, overrides).map(
    ({ key }) => `${key}=${JSON.stringify({ ...file, cells: [], notes: [] })}`,
  );
  return loadScenario(text, { fileName: "s.yaml", overrides: [...overrides, ...inlined] });
}

describe("a pool with a profile", () => {
  test("has its step times", () => {
    const loaded = withProfile(SCENARIO);
    if (loaded.kind === "invalid") expect.fail(loaded.problems.map(formatProblem).join("\n"));
    expect(loaded.warnings).toEqual([]);
    const cost = emptyCost();
    const { stepModel } = loaded.scenario.platform.pools[0]!;
    const prompts = { prefills: 0, prefillTokens: 0, prefillPairs: 0 };
    stepModel.cost({ decodes: 32, contextTokens: 100, ...prompts }, cost);
    expect(cost.totalPs).toBe(9_123_450_000);
    expect(cost.contextTokenPs).toBe(41_000);
    // The engine that was measured schedules ahead, as one that is predicted.
    expect(loaded.scenario.platform.pools[0]!.asyncScheduling).toBe(true);
    // What utilization is computed from is the network's, which the profile does not change.
    expect(stepModel.flopsPerToken).toBe(
      loaded.scenario.platform.pools[1]!.stepModel.flopsPerToken,
    );
  });

  test("is found by path, also one that --set names", () => {
    expect(namedFilesOf(SCENARIO, [])).toEqual([
      {
        kind: "profile",
        key: 'platform.pools["chat"].stepTime.profile',
        path: "p.yaml",
        name: undefined,
      },
    ]);
    const set = [
      "platform.pools.chat.stepTime=null",
      'platform.pools["my.own"].stepTime={profile: other.yaml}',
    ];
    expect(namedFilesOf(SCENARIO, set).map(({ path }) => path)).toEqual(["other.yaml"]);
    expect(namedFilesOf("version: [", [])).toEqual([]);
  });

  test("is another scenario when the profile holds something else", () => {
    const one = withProfile(SCENARIO);
    const other = loadScenario(SCENARIO, {
      fileName: "s.yaml",
      overrides: [
        `platform.pools.chat.stepTime.profile=${JSON.stringify({
          ...expectLoaded(TEXT.replace("contextTokenPs: 41000", "contextTokenPs: 42000")).file,
          cells: [],
          notes: [],
        })}`,
      ],
    });
    if (one.kind === "invalid" || other.kind === "invalid") expect.fail("not loaded");
    expect(one.scenario.canonicalJson).not.toBe(other.scenario.canonicalJson);
  });

  test.each([
    [
      "maxNumSeqs: 32",
      "maxNumSeqs: 64",
      /chat\.maxNumSeqs: steps were measured up to 32 decoding sequences, and the pool may run 64: beyond/,
    ],
    [
      "maxNumSeqs: 32",
      "maxNumSeqs: 32, maxNumBatchedTokens: 8192",
      /chat\.maxNumBatchedTokens: steps were measured up to 2048 prompt tokens, and the pool may run 8192/,
    ],
  ])("is warned about when %s becomes %s", (from, to, message) => {
    const loaded = withProfile(SCENARIO.replace(from, to));
    if (loaded.kind === "invalid") expect.fail(loaded.problems.map(formatProblem).join("\n"));
    expect(loaded.warnings.map(formatProblem)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    ["gpu: h100-sxm, replicas: 1, max", "gpu: h200, replicas: 1, max", "gpu h100-sxm", "h200"],
    ["replicas: 1, max", "replicas: 1, tensorParallel: 2, max", "tensorParallel 1", "2"],
    [
      "model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, max",
      "model: qwen3-8b, gpu: h100-sxm, replicas: 1, max",
      "model llama-3.1-8b",
      "qwen3-8b",
    ],
  ])("is refused when %s becomes %s", (from, to, measured, has) => {
    const loaded = withProfile(SCENARIO.replace(from, to));
    if (loaded.kind === "loaded") expect.fail("it was loaded");
    const [key] = measured.split(" ");
    expect(loaded.problems.map(formatProblem)).toEqual([
      expect.stringMatching(
        `^s\\.yaml:5:\\d+: platform\\.pools\\.chat\\.${key}: the pool's step times were measured with ${measured} \\(steps\\.csv\\), and it has ${has}: import a profile of that, leave out stepTime, or take ${key} out`,
      ),
    ]);
  });

  test.each([
    [
      SCENARIO,
      /^s\.yaml:5:\d+: platform\.pools\.chat\.stepTime\.profile: cannot read p\.yaml: expected a profile file, named relative to the scenario's folder/,
    ],
    [
      SCENARIO.replace("profile: p.yaml", "profile: p.yaml, fixed: 1ms"),
      /stepTime\.profile: a profile says it all: leave out fixed, or the profile/,
    ],
    [
      SCENARIO.replace("profile: p.yaml", "profile: 7"),
      /stepTime\.profile: expected the name of a profile file/,
    ],
    [
      SCENARIO.replace("profile: p.yaml", "profile: { profileVersion: 1 }"),
      /stepTime\.profile\.decode: is missing/,
    ],
    [
      SCENARIO.replace("profile: p.yaml", "perContextToken: 1ns"),
      /stepTime: a step would take no time/,
    ],
  ])("is refused (%#)", (text, message) => {
    const loaded = loadScenario(text, { fileName: "s.yaml", overrides: [] });
    if (loaded.kind === "loaded") expect.fail("it was loaded");
    expect(loaded.problems.map(formatProblem).join("\n")).toMatch(message);
  });
});
