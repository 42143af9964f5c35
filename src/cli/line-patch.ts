/** A unified diff of two texts that differ in a few lines, as `patch` reads it. */

/** Lines shown around a change. */
const CONTEXT = 2;

/** Empty where the texts are equal. One hunk from the first line that differs to the last. */
export function linePatch(file: string, before: string, after: string): string {
  if (before === after) return "";
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (old[start] === now[start]) start += 1;
  let end = 0;
  const most = Math.min(old.length, now.length) - start;
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  const from = Math.max(0, start - CONTEXT);
  const [oldEnd, newEnd] = [old.length - end, now.length - end];
  const following = old.slice(oldEnd, oldEnd + CONTEXT);
  const lines = [
    ...old.slice(from, start).map((line) => ` ${line}`),
    ...old.slice(start, oldEnd).map((line) => `-${line}`),
    ...now.slice(start, newEnd).map((line) => `+${line}`),
    ...following.map((line) => ` ${line}`),
  ];
  const around = start - from + following.length;
  const head = `@@ -${from + 1},${oldEnd - start + around} +${from + 1},${newEnd - start + around} @@`;
  return `--- ${file}\n+++ ${file}\n${head}\n${lines.join("\n")}\n`;
}
