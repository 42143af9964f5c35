/**
 * The report's colours. Every colour has a name, and a value in a light and a dark scheme; the page's charts refer to them
 * as CSS variables, so they follow the reader's scheme (and print) without being drawn again, while specs written to files
 * carry the light values. Categorical colours are Okabe and Ito's (2008), safe for the common colour-vision deficiencies,
 * darkened or lightened until they reach 3:1 against the surface they lie on (WCAG 1.4.11).
 */
import type { Results } from "../../results/results.ts";

const COLOUR_NAMES = [
  "surface",
  "page",
  "ink",
  "ink-2",
  "ink-3",
  "line",
  "grid",
  "good",
  "bad",
  "accent",
  "gold",
  "silver",
  "bronze",
  "c0",
  "c1",
  "c2",
  "c3",
  "c4",
  "c5",
  "c6",
  "c7",
] as const;

export type ColourName = (typeof COLOUR_NAMES)[number];

/** A name's colour in some form: a hexadecimal value, or a reference to a CSS variable. */
export type Palette = Readonly<Record<ColourName, string>>;

export const LIGHT: Palette = {
  surface: "#ffffff",
  page: "#f7f7f5",
  ink: "#16191d",
  "ink-2": "#4b535d",
  "ink-3": "#6d7680",
  line: "#dcdfe2",
  grid: "#eceef0",
  good: "#0b7a55",
  bad: "#c0341d",
  accent: "#1f5fa8",
  gold: "#b8860b",
  silver: "#74859b",
  bronze: "#8f4a1f",
  c0: "#0072b2",
  c1: "#d55e00",
  c2: "#00875f",
  c3: "#b8578f",
  c4: "#2f96cf",
  c5: "#a97400",
  c6: "#6a4fa3",
  c7: "#6b6f76",
};

export const DARK: Palette = {
  surface: "#181c21",
  page: "#101316",
  ink: "#eceff2",
  "ink-2": "#b3bbc4",
  "ink-3": "#8b949e",
  line: "#2e353d",
  grid: "#262c33",
  good: "#3fc08f",
  bad: "#ff7a5c",
  accent: "#6fb1f2",
  gold: "#e5b53a",
  silver: "#a9b8cb",
  bronze: "#cd7f4c",
  c0: "#4ba3e3",
  c1: "#ff8a3d",
  c2: "#35c298",
  c3: "#e58fc0",
  c4: "#8fd0f5",
  c5: "#e0b04a",
  c6: "#a893e0",
  c7: "#9aa2ab",
};

/** The palette of the page: each colour is a reference to the variable that the page's style sheet sets. */
export const PAGE_PALETTE: Palette = COLOUR_NAMES.reduce<Palette>(
  (palette, name) => ({ ...palette, [name]: `var(--${name})` }),
  LIGHT,
);

const CATEGORICAL = [
  "c0",
  "c1",
  "c2",
  "c3",
  "c4",
  "c5",
  "c6",
  "c7",
] as const satisfies readonly ColourName[];
const TIER_NAMES: ReadonlyMap<string, ColourName> = new Map([
  ["gold", "gold"],
  ["silver", "silver"],
  ["bronze", "bronze"],
]);

/** The `index`-th categorical colour; they repeat after eight. */
export function categorical(palette: Palette, index: number): string {
  return palette[CATEGORICAL[index % CATEGORICAL.length] ?? "c7"];
}

/** Gold, silver and bronze look their part; a tier by another name gets a colour by its place in the list. */
export function tierColour(results: Results, palette: Palette, tier: string): string {
  const index = results.tiers.findIndex((one) => one.name === tier);
  return namedTierColour(palette, tier, Math.max(0, index));
}

/** The same for a tier that stands at `index` of whatever list there is. */
export function namedTierColour(palette: Palette, tier: string, index: number): string {
  const known = TIER_NAMES.get(tier);
  return known === undefined ? categorical(palette, index) : palette[known];
}

/** CSS declarations of every colour variable. */
export function cssVariables(palette: Palette): string {
  return COLOUR_NAMES.map((name) => `--${name}:${palette[name]}`).join(";");
}
