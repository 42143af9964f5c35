/** What the installed package says of itself, and the Vega runtime that reports inline. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version in package.json, two folders above both src/cli and dist/cli. */
export function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  const manifest: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return manifest.version;
}

/** Text of the Vega runtime as a classic script: the file beside the package's module entry. */
export function vegaRuntime(): string {
  const entry = fileURLToPath(import.meta.resolve("vega"));
  return readFileSync(join(dirname(entry), "vega.min.js"), "utf8");
}
