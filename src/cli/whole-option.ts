/** Options that are whole numbers within bounds: how often, how many, at most. */
import { InputError } from "./exit-codes.ts";

export interface WholeOption {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

/** Runs with one seed after another, whose differences have an interval. */
export const REPLICATIONS: WholeOption = { name: "--replications", least: 2, most: 1000 };

/** The option's value; undefined where it was not given. Fails: InputError on anything but such a number. */
export function wholeOption(
  text: string | undefined,
  { name, least, most }: WholeOption,
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(`${name} ${text}: expected a whole number from ${least} to ${most}`);
}
