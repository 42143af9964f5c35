/** Problems as a whole: all at once, in order, warnings apart; text that is not YAML; paths as they are written. */
import { readFileSync } from "node:fs";
import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPath, formatProblem } from "../../../src/scenario/problems.ts";
import { edit, load, problemsOf } from "./bad-file.ts";
import { SMALL } from "./example.ts";

describe("all at once", () => {
  it("reports problems of structure, units, references and sizes together, in the order of the file", () => {
    const text = SMALL.replace("replicas: 2", "replicas: two")
      .replace("gpu: h100-sxm, replicas: 1", "gpu: h1000, replicas: 1")
      .replace("tier: silver", "tier: slver")
      .replace("cv: 2", "vc: 2")
      .replace("replica: 1,", "replica: -1,")
      .replace("warmup: 30s", "warmup: 30min");
    expect(
      problemsOf(text).map((one) => formatProblem(one).split(": ").slice(0, 2).join(" ")),
    ).toEqual([
      "small.yaml:5:61 platform.pools.shared.replicas",
      "small.yaml:6:39 platform.pools.gold.gpu",
      "small.yaml:13:19 platform.tenants.beta.tier",
      "small.yaml:17:45 workload.acme.arrivals.vc",
      "small.yaml:27:37 faults[0].crash.replica",
      "small.yaml:28:40 simulation.warmup",
    ]);
  });

  it("looks up names beside a misspelt key and a bad value of the same map", () => {
    const text = SMALL.replace("model: llama-3.1-8b", "model: llama-9")
      .replace("replicas: 2", "replica: 2")
      .replace("gpu: h100-sxm, replicas: 1", "gpu: h1000, replicas: -1");
    const told = problemsOf(text).map(
      ({ path, message }) => `${path} ${message.split(/[ ;]/u)[0]}`,
    );
    expect(told).toEqual([
      "platform.pools.shared.model unknown",
      "platform.pools.shared.replica unknown",
      "platform.pools.gold.gpu unknown",
      "platform.pools.gold.replicas expected",
    ]);
  });

  it("warns of what works but is hardly meant", () => {
    const text = edit("at: 60s", "at: 60min").replace("max: 8000", "max: 131072");
    const loaded = load(text);
    expect(loaded.kind === "loaded" && loaded.warnings.map((one) => formatProblem(one))).toEqual([
      "small.yaml:18:19: workload.acme.promptTokens: the longest requests, 131072 + 512 tokens, exceed the context of llama-3.1-8b, 131072: they are rejected",
      "small.yaml:27:44: faults[0].crash.at: this is after the end of the simulation",
    ]);
  });
});

describe("malformed text", () => {
  it.each([
    ["", "1:1", "the file is empty: a scenario begins with version: 2"],
    ["# nothing\n", "1:1", "the file is empty"],
    ["- a\n", "1:1", "expected a map with version, name, platform and workload"],
    ["version: 2\nname: [a\n", "3:1", "Flow sequence"],
    ["version: 2\n\tname: a\n", "2:1", "Tabs"],
    ["version: 2\nname: a\nname: b\n", "3:1", "this key is given twice"],
    ["version: 2\nname: *nobody\n", "1:1", "Unresolved alias"],
    ["version: 2\nplatform: &p [*p]\n", "1:1", "nested too deeply"],
    ['{"version": 1, "name": "a"', "1:27", "Flow map"],
    ["version: 2\n---\nversion: 2\n", "2:1", "a second document begins here"],
    ["version: 2\nplatform:\n  tenants: { __proto__: {} }\n", "3:14", "this name cannot be used"],
    ["version: 2\n? [a, b]\n: 1\n", "2:3", "keys must be"],
  ])("%j", (text, at, message) => {
    const [first] = problemsOf(text);
    expect(first!.message.toLowerCase()).toContain(message.toLowerCase());
    expect(first!.place.kind === "file" && `${first!.place.line}:${first!.place.column}`).toBe(at);
  });
});

it("says once of text that nests without end that it does", () => {
  expect(problemsOf("[".repeat(20_000)).map(({ message }) => message)).toEqual([
    "nested too deeply",
  ]);
});

it("formats paths so that --set reads them back", () => {
  expect(formatPath(["platform", "models", "my-1.5b", "layers"])).toBe(
    'platform.models["my-1.5b"].layers',
  );
  expect(formatPath(["faults", 0, "crash"])).toBe("faults[0].crash");
});

describe("whatever the text", () => {
  const texts = [
    SMALL,
    readFileSync(new URL("../../../docs/scenario.md", import.meta.url), "utf8"),
  ];
  const scraps = [
    "",
    "\n",
    "  ",
    ":",
    "-1",
    "0",
    "{",
    "]",
    "*a",
    "&a",
    "<<: ",
    "null",
    "~",
    ".inf",
    "1e400",
    "'",
    "#",
    "unlimited",
    "99999999999999999999",
  ];

  it("answers with a value, and an invalid file has problems", () => {
    const mutation = record({
      at: integer({ min: 0, max: 8000 }),
      length: integer({ min: 0, max: 12 }),
      scrap: constantFrom(...scraps),
    });
    assert(
      property(
        constantFrom(...texts),
        array(mutation, { minLength: 1, maxLength: 3 }),
        (source, mutations) => {
          let text = /```yaml\n([\s\S]*?)```/u.exec(source)?.[1] ?? source;
          for (const { at, length, scrap } of mutations) {
            const start = at % text.length;
            text = text.slice(0, start) + scrap + text.slice(start + length);
          }
          const loaded = load(text);
          expect(loaded.kind === "loaded" || loaded.problems.length > 0).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
