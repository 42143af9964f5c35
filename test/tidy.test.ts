/** The code checks itself: what the house style asks for and no linter holds. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const PURE = ["base", "replica", "engine", "scenario", "profile", "results", "sim", "report"];
const MOST_LINES = 400;

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

function filesIn(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      return { path: relative(ROOT, full), text: readFileSync(full, "utf8") };
    });
}

const src = filesIn("src");
const TOOLS = [...filesIn("fidelity"), ...filesIn("fit")];
const all = [...src, ...filesIn("test"), ...filesIn("bench"), ...filesIn("scripts"), ...TOOLS];

describe("tidy", () => {
  test("every source file is short", () => {
    const long = src.filter(({ text }) => text.split("\n").length > MOST_LINES + 1);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test("every source file opens by saying what it is for", () => {
    const silent = src.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test("the pure rooms have nothing asynchronous", () => {
    // The report's client.ts is text for a browser, where drawing is asynchronous.
    const pure = src.filter(
      ({ path }) =>
        PURE.some((room) => path.startsWith(`src/${room}/`)) &&
        path !== "src/report/html/client.ts",
    );
    const code = pure.filter(({ text }) => /\basync (function|\()|\bawait |\bPromise</.test(text));
    expect(code.map(({ path }) => path)).toEqual([]);
  });

  test("no function, class or constant is exported that nobody else names", () => {
    const unused: string[] = [];
    for (const { path, text } of src) {
      for (const [, name] of text.matchAll(/^export (?:class|function|const) (\w+)/gm)) {
        const mention = new RegExp(`\\b${name}\\b`);
        const used = all.some((other) => other.path !== path && mention.test(other.text));
        if (!used) unused.push(`${path}: ${name}`);
      }
    }
    expect(unused).toEqual([]);
  });

  test("no work is left marked as unfinished, no test is left out or alone", () => {
    const marks = /\b(FIXME|XXX|TODO)\b|\b(?:it|test|describe)\.only\b/;
    const marked = all.filter(
      ({ path, text }) => !path.endsWith("tidy.test.ts") && marks.test(text),
    );
    expect(marked.map(({ path }) => path)).toEqual([]);
  });

  test("every dependency has its reason in ARCHITECTURE.md", () => {
    const manifest: { dependencies: object; devDependencies: object } = JSON.parse(
      readFileSync(join(ROOT, "package.json"), "utf8"),
    );
    const reasons = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
    const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(names.filter((name) => !reasons.includes(`\`${name}\``))).toEqual([]);
  });

  test("the lock file names no registry", () => {
    const lock = readFileSync(join(ROOT, "package-lock.json"), "utf8");
    expect(lock).not.toContain('"resolved"');
  });
});
