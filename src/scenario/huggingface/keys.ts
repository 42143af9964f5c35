/**
 * Reads the keys of one config.json and gathers what is wrong with them, so that a file is complained of once and whole.
 * Architectures name the same thing differently: a reading lists every name it goes by, the usual one first.
 */
import { isPlainMap, type PlainMap } from "../plain.ts";
import { show } from "../units.ts";

export interface ConfigProblem {
  /** As written in the file, with the map it stands in. */
  readonly key: string;
  readonly message: string;
}

/** No model has more of anything than this; the longest contexts stated are in the tens of millions. */
export const MOST = 100_000_000;

export class ConfigKeys {
  readonly problems: ConfigProblem[] = [];
  readonly notes: string[] = [];
  readonly #values: PlainMap;
  readonly #defaults: PlainMap;
  readonly #prefix: string;

  /** `defaults` are the architecture's, for keys that its files leave out; `prefix` is where in the file the keys stand. */
  constructor(values: PlainMap, defaults: PlainMap, prefix: string) {
    this.#values = values;
    this.#defaults = defaults;
    this.#prefix = prefix;
  }

  /** The value of the first of these keys that is there and not null; else the architecture's. */
  value(...names: readonly string[]): unknown {
    const key = this.#present(names);
    return key === undefined ? this.#defaultOf(names) : this.#values[key];
  }

  has(...names: readonly string[]): boolean {
    return this.value(...names) !== undefined;
  }

  /** A whole number of 1 or more that must be there. */
  count(...names: readonly string[]): number {
    return this.#number(names, 1) ?? this.#missing(names);
  }

  /** As `count`, or undefined where none of the keys is there. Zero is taken as absent: some files write 0 for none. */
  countIfAny(...names: readonly string[]): number | undefined {
    const found = this.#number(names, 0);
    return found === 0 ? undefined : found;
  }

  /** As `countIfAny`, for what there cannot be none of. */
  positiveIfAny(...names: readonly string[]): number | undefined {
    return this.#number(names, 1);
  }

  /** True or false; undefined where it is absent. */
  flag(...names: readonly string[]): boolean | undefined {
    const value = this.value(...names);
    if (value === undefined || typeof value === "boolean") return value;
    this.problem(this.#named(names), `expected true or false, got ${show(value)}`);
    return undefined;
  }

  /** One item per layer, or undefined where the key is absent. */
  perLayer(name: string, layers: number): readonly unknown[] | undefined {
    const items = this.list(name);
    if (items !== undefined && items.length !== layers) {
      this.conflict(name, `names ${items.length} layers, and num_hidden_layers is ${layers}`);
    }
    return items;
  }

  /** Numbers of layers, counted from 0, or undefined where the key is absent. */
  layerNumbers(name: string, layers: number): ReadonlySet<number> | undefined {
    const items = this.list(name);
    if (items === undefined) return undefined;
    const isLayer = (one: unknown): one is number =>
      typeof one === "number" && Number.isInteger(one) && one >= 0 && one < layers;
    const other = items.find((one) => !isLayer(one));
    if (items.some((one) => !isLayer(one))) {
      const message = `expected numbers of layers, 0 to ${layers - 1} as num_hidden_layers is ${layers}, got ${show(other)}`;
      this.conflict(name, message);
    }
    return new Set(items.filter(isLayer));
  }

  /** A list, or undefined where it is absent or not a list. */
  list(...names: readonly string[]): readonly unknown[] | undefined {
    const value = this.value(...names);
    return Array.isArray(value) ? value : undefined;
  }

  /** A map, or undefined where it is absent. */
  map(...names: readonly string[]): PlainMap | undefined {
    const value = this.value(...names);
    if (value === undefined || isPlainMap(value)) return value;
    this.problem(this.#named(names), `expected a map, got ${show(value)}`);
    return undefined;
  }

  text(...names: readonly string[]): string | undefined {
    const value = this.value(...names);
    return typeof value === "string" ? value : undefined;
  }

  problem(key: string, message: string): void {
    this.problems.push({ key: `${this.#prefix}${key}`, message });
  }

  /** Numbers that do not go together; silent once a number is wrong, since what stands in for it goes with nothing. */
  conflict(key: string, message: string): void {
    if (this.problems.length === 0) this.problem(key, message);
  }

  #number(names: readonly string[], least: number): number | undefined {
    const value = this.value(...names);
    if (value === undefined) return undefined;
    const isCount = typeof value === "number" && Number.isInteger(value);
    if (isCount && value >= least && value <= MOST) return value;
    this.problem(
      this.#named(names),
      `expected a whole number of ${least} or more, got ${show(value)}`,
    );
    return 1;
  }

  #missing(names: readonly string[]): number {
    const [usual, ...others] = names;
    const also = others.length === 0 ? "" : ` (in other families ${others.join(", ")})`;
    this.problem(usual!, `is missing${also}: add it, as in the model's published config.json`);
    return 1;
  }

  /** The key that is there, of those it may go by. */
  #named(names: readonly string[]): string {
    return this.#present(names) ?? names[0]!;
  }

  #present(names: readonly string[]): string | undefined {
    return names.find((name) => this.#values[name] !== undefined && this.#values[name] !== null);
  }

  #defaultOf(names: readonly string[]): unknown {
    // A key written as null says "none"; only a key that is not there falls back to the architecture's default.
    if (names.some((name) => this.#values[name] === null)) return undefined;
    const key = names.find((name) => this.#defaults[name] !== undefined);
    return key === undefined ? undefined : this.#defaults[key];
  }
}
