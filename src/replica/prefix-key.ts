/**
 * What a prompt's tokens are, as far as a prefix cache is concerned: a list of segments, each the beginning of a stream of
 * tokens that an id stands for. Two prompts have the same tokens as far as their segments agree, so the identity of every
 * block follows from a few numbers. The last segment is open: output continues it, and the next turn of a conversation is
 * the same list with more tokens.
 */

/** The first `tokens` tokens of the stream `id`; Infinity in the last segment of a list. */
export interface PromptSegment {
  readonly id: number;
  readonly tokens: number;
}

export type PromptSegments = readonly PromptSegment[];

/** A prompt's identity in a cache: those with different salts share nothing, whatever their tokens. */
export interface PrefixKey {
  /** Stands for those who may share; whoever makes keys says for whom. */
  readonly salt: number;
  readonly segments: PromptSegments;
}

/** How many leading tokens two prompts have in common; Infinity when one list continues for ever like the other. */
export function commonTokens(a: PromptSegments, b: PromptSegments): number {
  if (a === b) return Infinity;
  let common = 0;
  for (let index = 0; ; index++) {
    const one = a[index];
    const other = b[index];
    if (one === undefined || other === undefined || one.id !== other.id) return common;
    common += Math.min(one.tokens, other.tokens);
    if (one.tokens !== other.tokens || one.tokens === Infinity) return common;
  }
}

/**
 * Names the content of tokens `from` to `to`: equal for two prompts exactly when these tokens are equal, given that all
 * before them are.
 */
export function contentName(segments: PromptSegments, from: number, to: number): string {
  let name = "";
  let start = 0;
  for (const { id, tokens } of segments) {
    const end = start + tokens;
    if (end > from) {
      const first = Math.max(from, start);
      name += `${id}@${first - start}+${Math.min(to, end) - first};`;
    }
    if (end >= to) return name;
    start = end;
  }
  return name;
}
