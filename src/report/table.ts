/**
 * A table before it has a form: columns, and rows of cells that carry their text and why it looks as it does. The page
 * and the Markdown print the same tables, so they cannot disagree. Cells hold plain text; each form escapes it itself.
 */
import { MISSING } from "./format.ts";

export type Tone = "plain" | "good" | "bad" | "muted";

export interface Cell {
  readonly text: string;
  readonly tone: Tone;
  /** Shown on hover: what a dash means, or what the figure rests on. */
  readonly hint?: string;
  /** A colour of the palette, drawn as a small square before the text. */
  readonly swatch?: string;
}

export interface Column {
  readonly label: string;
  readonly align: "left" | "right";
  /** The column's definition, shown on hover. */
  readonly hint?: string;
  /** Sentences, which wrap instead of stretching the column. */
  readonly isProse?: boolean;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly note?: string;
}

const NO_SAMPLE = "No sample: nothing was measured here.";

/** A cell of plain text; a dash gets its explanation. */
export function cell(text: string, whyMissing = NO_SAMPLE): Cell {
  return text === MISSING ? { text, tone: "muted", hint: whyMissing } : { text, tone: "plain" };
}

export function toned(text: string, tone: Tone, hint?: string): Cell {
  return hint === undefined ? { text, tone } : { text, tone, hint };
}

export function left(label: string, hint?: string): Column {
  return hint === undefined ? { label, align: "left" } : { label, align: "left", hint };
}

export function right(label: string, hint?: string): Column {
  return hint === undefined ? { label, align: "right" } : { label, align: "right", hint };
}
