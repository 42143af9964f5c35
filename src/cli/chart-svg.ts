/**
 * A chart as an SVG file. Vega would measure text with the machine's fonts where it can; here it counts the widths of
 * Helvetica's letters, to which Arial's are equal and most others near, so that a chart is the same bytes on every machine.
 */
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** How Vega measures text, for others to replace (vega-scenegraph/src/util/text.js); missing in its types. */
interface TextMetrics {
  width: (
    item: { readonly fontSize?: number; readonly limit?: number },
    text?: string | null,
  ) => number;
}
const textMetrics: TextMetrics = Reflect.get(vega, "textMetrics");

/** Thousandths of the font's size, by letter. Source: Adobe's font metrics of Helvetica (Core 14 AFM). */
const LETTER_WIDTHS: readonly (readonly [width: number, letters: string])[] = [
  [191, "'"],
  [222, "ijl"],
  [260, "|"],
  [278, " !,./:;I[\\]ft"],
  [333, "()-`r"],
  [334, "{}"],
  [355, '"'],
  [389, "*"],
  [469, "^"],
  [500, "Jckszvxy"],
  [584, "+<=>~"],
  [611, "FTZ"],
  [667, "&ABEKPSVXY"],
  [722, "CDHNRUw"],
  [778, "GOQ"],
  [833, "Mm"],
  [889, "%"],
  [944, "W"],
  [1015, "@"],
];
/** Digits and most small letters; whatever is not in the table is taken to be as wide. */
const COMMON_WIDTH = 556;
/** Room for the widest fonts in common use: DejaVu Sans, where nothing else is installed, is about a seventh wider. */
const ALLOWANCE = 1.15;

const widths = new Map(
  LETTER_WIDTHS.flatMap(([width, letters]) =>
    Array.from(letters, (letter) => [letter, width] as const),
  ),
);

/** Draws a specification that stands alone. */
export async function chartSvg(spec: TopLevelSpec): Promise<string> {
  textMetrics.width = ({ fontSize = 11, limit = 0 }, text) => {
    const width = textWidth(text ?? "", fontSize);
    return limit > 0 ? Math.min(limit, width) : width;
  };
  const view = new vega.View(vega.parse(compile(spec).spec), {
    renderer: "none",
    logLevel: vega.Warn,
  });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function textWidth(text: string, fontSize: number): number {
  let thousandths = 0;
  for (const letter of text) thousandths += widths.get(letter) ?? COMMON_WIDTH;
  return (ALLOWANCE * thousandths * fontSize) / 1000;
}
