/** Points in the space of knobs: the file's own, random ones, neighbours; and what each changes in the file. */
import type { RandomStream } from "../../base/random.ts";
import type { Knob } from "./knobs.ts";

/** An index into each knob's values. */
export type Settings = readonly number[];

export function ownSettings(knobs: readonly Knob[]): Settings {
  return knobs.map(({ own }) => own);
}

/** What differs from the file, as --set takes it. */
export function overridesFor(knobs: readonly Knob[], settings: Settings): string[] {
  const changed = knobs.flatMap((knob, at) =>
    settings[at] === knob.own ? [] : [{ ...knob, value: knob.values[settings[at]!]! }],
  );
  const written = changed.map(({ path, value }) => `${path}=${value}`);
  // What a setting needs is written first, unless another setting writes that place anyway.
  const needed = new Set(
    changed.flatMap(({ before }) =>
      before === undefined || changed.some(({ path }) => before.startsWith(`${path}=`))
        ? []
        : [before],
    ),
  );
  return [...needed, ...written];
}

/**
 * `count` settings that use the levels of every knob about equally often (a Latin hypercube, its levels drawn in random order),
 * none twice, and none the file's own.
 */
export function spread(
  knobs: readonly Knob[],
  { count, random }: { readonly count: number; readonly random: RandomStream },
): Settings[] {
  const columns = knobs.map(({ values }) => shuffled(levels(values.length, count), random));
  const seen = new Set([ownSettings(knobs).join()]);
  return Array.from({ length: count }, (_, at) => columns.map((column) => column[at]!)).filter(
    (settings) => {
      const key = settings.join();
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    },
  );
}

function levels(among: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => at % among);
}

function shuffled(values: number[], random: RandomStream): number[] {
  for (let at = values.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [values[at], values[other]] = [values[other]!, values[at]!];
  }
  return values;
}

/** All that differ by one level of one knob. */
export function neighbours(knobs: readonly Knob[], settings: Settings): Settings[] {
  return knobs.flatMap(({ values }, at) =>
    [-1, 1]
      .map((step) => settings[at]! + step)
      .filter((level) => level >= 0 && level < values.length)
      .map((level) => settings.map((one, index) => (index === at ? level : one))),
  );
}
