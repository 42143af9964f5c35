/** The refit says what it did not find, instead of printing headings alone. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "../../../fit/main.ts");

function run(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
}

test("without a folder, or with one that has no profiles, it fails and says what was expected", () => {
  expect(run()).toMatchObject({ status: 2, stdout: "" });
  const empty = mkdtempSync(join(tmpdir(), "tenantry-fit-"));
  for (const args of [
    ["--data", empty],
    ["--data", join(empty, "nowhere")],
  ]) {
    const { status, stdout, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("expected aiconfigurator_ops or vllm_fpm_whole_step");
  }
  rmSync(empty, { recursive: true });
});
