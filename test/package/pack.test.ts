/** The package as a user gets it: packed, installed into an empty folder elsewhere, and run. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "tenantry-pack-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: string[], cwd: string): string {
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });
}

test("npm pack gives a package whose command simulates", () => {
  run("npm", ["pack", "--silent", "--pack-destination", folder], ROOT);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  expect(tarball).toBeDefined();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "elsewhere", private: true }));
  run("npm", ["install", "--no-audit", "--no-fund", join(folder, tarball!)], folder);
  const installed = join(folder, "node_modules/tenantry");
  expect(existsSync(join(installed, "dist/engine/engine.d.ts"))).toBe(true);
  expect(existsSync(join(folder, "node_modules/vitest"))).toBe(false);
  const scenario = join(installed, "scenarios/flagship.yaml");
  const output = run(
    "npx",
    ["tenantry", "simulate", scenario, "--set", "simulation.maxRequests=2000", "--out", "result"],
    folder,
  );
  expect(output.trimEnd().split("\n").at(-1)).toBe("Open result/report.html");
  expect(existsSync(join(folder, "result/report.html"))).toBe(true);
  expect(run("npx", ["tenantry", "check", scenario], folder)).toContain("fine");
});
