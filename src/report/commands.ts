/** Commands as they are typed, for "run it again": every word safe in a shell. */

/** Stands for the scenario's file, where only whoever ran it knows its name. */
export const SCENARIO_FILE = "SCENARIO.yaml";

/** A command from its words. */
export function commandLine(...words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/** `--set path=value` for every override. */
export function settings(overrides: readonly string[]): readonly string[] {
  return overrides.flatMap((override) => ["--set", override]);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
