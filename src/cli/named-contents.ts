/** What the files that a scenario names hold, as overrides to lay over it. A path that leads nowhere stays: loading says where. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readConfig } from "../scenario/huggingface/read-config.ts";
import type { NamedFile } from "../scenario/named-files.ts";
import { InputError } from "./exit-codes.ts";

const CONFIG_FILE = "config.json";

/** Read a file, or end the command with a message. */
interface Readers {
  readonly readText: (path: string) => string;
  readonly readProfile: (path: string) => { readonly file: object };
}

/** Fails: InputError when one of them cannot be read or is not valid, with everything that is wrong with it. */
export function namedContents(
  named: readonly NamedFile[],
  folder: string,
  readers: Readers,
): readonly string[] {
  return named.flatMap(({ kind, key, path, name }) => {
    const full = resolve(folder, path);
    if (!existsSync(full)) return [];
    if (kind === "profile") {
      const { file } = readers.readProfile(full);
      return [`${key}=${JSON.stringify({ ...file, cells: [] })}`];
    }
    const { config, ownName } = modelConfigIn(full, readers.readText);
    const value = kind === "config" ? config : { config, name: name ?? ownName };
    return [`${key}=${JSON.stringify(value)}`];
  });
}

/**
 * A config.json, or the one in a folder, and what its model is called: after its file or, where that is config.json as on
 * Hugging Face, after its folder. Fails: InputError when it cannot be read as a model.
 */
export function modelConfigIn(
  path: string,
  readText: Readers["readText"],
): { readonly config: object; readonly ownName: string } {
  const file = statSync(path).isDirectory() ? join(path, CONFIG_FILE) : path;
  const stem = basename(file).replace(/\.json$/u, "");
  const ownName = basename(file) === CONFIG_FILE ? basename(dirname(resolve(file))) : stem;
  const config = parsed(file, readText(file));
  const read = readConfig(ownName, config);
  if (read.kind === "model") return { config: read.config, ownName };
  const lines = read.problems.map(({ key, message }) =>
    key === "" ? `${file}: ${message}` : `${file}: ${key}: ${message}`,
  );
  throw new InputError(lines.join("\n"));
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InputError(
      `${file}: this is no JSON: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
