/** The small scenario with one thing changed, and the one problem that this must give. */
import { expect } from "vitest";
import { type Loaded, loadScenario } from "../../../src/scenario/load.ts";
import { formatProblem, type Problem } from "../../../src/scenario/problems.ts";
import { SMALL } from "./example.ts";

/** Text replaced and its replacement; line:column, path, part of the message and suggestion of the problem expected. */
export type Case = readonly [
  from: string,
  to: string,
  at: string,
  path: string,
  message: string,
  suggestion?: string,
];

export function load(text: string): Loaded {
  return loadScenario(text, { fileName: "small.yaml", overrides: [] });
}

export function problemsOf(text: string): readonly Problem[] {
  const loaded = load(text);
  return loaded.kind === "invalid" ? loaded.problems : [];
}

export function edit(from: string, to: string): string {
  const text = SMALL.replace(from, () => to);
  expect(text).not.toBe(SMALL);
  return text;
}

/** Asserts that the changed file has exactly the problem stated. */
export function expectOneProblem([from, to, at, path, message, suggestion]: Case): void {
  const problems = problemsOf(edit(from, to));
  expect(problems.map((one) => formatProblem(one))).toHaveLength(1);
  const [problem] = problems;
  expect(formatProblem(problem!)).toContain(`small.yaml:${at}: ${path}: `);
  expect(problem).toMatchObject({ path, message: expect.stringContaining(message), suggestion });
}
