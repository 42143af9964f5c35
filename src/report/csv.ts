/** Tables as CSV by RFC 4180, for spreadsheets and scripts, in one place: what is quoted, and what is never run as a formula. */

/** A number is written with all its digits; null, which nobody knows, as nothing. */
export type CsvValue = string | number | null;

/** Rows as text, the header among them; lines end with CRLF. */
export function csvText(rows: readonly (readonly CsvValue[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function csvCell(value: CsvValue): string {
  if (value === null) return "";
  return typeof value === "number" ? String(value) : csvField(value);
}

/**
 * Quotes where needed. A text that a spreadsheet would run as a formula gets an apostrophe before it, the spreadsheets'
 * own mark for text: names come from whoever signs up.
 */
function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
