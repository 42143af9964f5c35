/**
 * What is wrong with a scenario file, and where. Checks report findings by path; load.ts turns them into problems with
 * a line and column, or with the --set argument that caused them.
 */

/** Keys and list indices from the top of the file. */
export type Path = readonly (string | number)[];

export interface Finding {
  readonly severity: "error" | "warning";
  readonly path: Path;
  readonly message: string;
  /** The known name that was probably meant. */
  readonly suggestion: string | undefined;
  /** Whether the key itself is at fault (unknown, misspelt) or its value. */
  readonly at: "key" | "value";
}

type ProblemPlace =
  /** Line and column count from 1. */
  | {
      readonly kind: "file";
      readonly fileName: string;
      readonly line: number;
      readonly column: number;
    }
  | { readonly kind: "set"; readonly override: string };

export interface Problem {
  readonly place: ProblemPlace;
  /** For example `platform.tenants.acme.tier`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly suggestion: string | undefined;
}

/** Collects findings; checks append, nobody removes. */
export interface Findings {
  readonly list: Finding[];
  error(path: Path, message: string, suggestion?: string): void;
  warning(path: Path, message: string): void;
}

export function findings(): Findings {
  const list: Finding[] = [];
  return {
    list,
    error(path, message, suggestion) {
      list.push({ severity: "error", path, message, suggestion, at: "value" });
    },
    warning(path, message) {
      list.push({ severity: "warning", path, message, suggestion: undefined, at: "value" });
    },
  };
}

/** `platform.tenants.acme.pools[0]`; names that hold other than letters, digits, _ and - are quoted in brackets. */
export function formatPath(path: Path): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[\w-]+$/u.test(key)) text += text === "" ? key : `.${key}`;
    else text += `["${key}"]`;
  }
  return text;
}

/** One line for a terminal: `flagship.yaml:12:7: platform.tiers.gold.wieght: unknown key; did you mean 'weight'?` */
export function formatProblem(problem: Problem): string {
  const { place } = problem;
  const where =
    place.kind === "file"
      ? `${place.fileName}:${place.line}:${place.column}`
      : `--set ${place.override}`;
  const path = problem.path === "" ? "" : `${problem.path}: `;
  const hint = problem.suggestion === undefined ? "" : `; did you mean '${problem.suggestion}'?`;
  return `${where}: ${path}${problem.message}${hint}`;
}
