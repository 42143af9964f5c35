/** Commands within a sentence stand between backticks; each form shows them in its own way. */

/** The text with what stands between backticks and what does not each written by its own function. */
export function withCode(
  text: string,
  plain: (text: string) => string,
  code: (text: string) => string,
): string {
  const parts = text.split("`");
  // A backtick without its partner is a character like any other.
  if (parts.length % 2 === 0) return plain(text);
  return parts.map((part, index) => (index % 2 === 0 ? plain(part) : code(part))).join("");
}
