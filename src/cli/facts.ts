/** How facts about one thing are printed: a name, then a line per fact, long ones wrapped to the terminal's usual width. */

export type Fact = readonly [what: string, text: string];

const WIDTH = 80;
const INDENT = 2;

/** Prints a heading and its facts, what they are of in a column of its own. */
export function printFacts(heading: string, facts: readonly Fact[]): void {
  const column = Math.max(...facts.map(([what]) => what.length)) + 2;
  const start = INDENT + column;
  const lines = facts.flatMap(([what, text]) =>
    wrapped(text, WIDTH - start).map(
      (line, at) => `${" ".repeat(INDENT)}${(at === 0 ? what : "").padEnd(column)}${line}`,
    ),
  );
  process.stdout.write(`\n${heading}\n${lines.join("\n")}\n`);
}

/** Words in lines of at most `width`, a longer word on a line of its own. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
