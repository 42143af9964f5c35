/** The command line as a user starts it: a process of its own, from a folder of the test's. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The command's entry, for tests that start it in a way of their own. */
export const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this folder to its end. */
export function commandIn(folder: string): (...args: readonly string[]) => Ended {
  return (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      encoding: "utf8",
      cwd: folder,
    });
    return { status, stdout, stderr };
  };
}
