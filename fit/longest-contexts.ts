/**
 * Recorded steps of an engine tell the sum of the decoding sequences' contexts, not the longest. But a sum that falls when a
 * sequence leaves says how long that one was: read backwards from the end, when all have left, the leavers are put back one by
 * one and followed to the step at which they joined.
 */

/** A step, as the engine recorded it. */
export interface RecordedStep {
  readonly decodes: number;
  readonly contextTokens: number;
  readonly prefills: number;
  readonly prefillTokens: number;
  /** What was computed before of the prompts in the step. */
  readonly cachedTokens: number;
}

interface Member {
  /** Its context less the step's index, which stays; undefined as long as it is not told from those it left with. */
  offset: number | undefined;
  readonly leavers: Leavers;
}

/** Who left after the same step, and the sum of their offsets. */
interface Leavers {
  readonly members: Member[];
  readonly offsetSum: number;
}

/** The longest context of each step, of steps that follow upon each other to the end; undefined where it cannot be told. */
export function longestContexts(steps: readonly RecordedStep[]): (number | undefined)[] {
  const budget = Math.max(...steps.map((step) => step.decodes + step.prefillTokens));
  const present: (readonly Member[])[] = [];
  const end = steps.length - 1;
  let members: readonly Member[] | undefined = leavers(
    steps[end]!.decodes,
    steps[end]!.contextTokens,
    end,
  );
  for (let index = end; members !== undefined; index--) {
    present[index] = members;
    members = index === 0 ? undefined : membersBefore(steps, index, { budget, members });
  }
  return steps.map(({ contextTokens }, index) => {
    const contexts = (present[index] ?? []).map(({ offset = Number.NaN }) => offset + index);
    const sum = contexts.reduce((total, context) => total + context, 0);
    return sum === contextTokens ? Math.max(0, ...contexts) : undefined;
  });
}

/** Who decoded in the step before this one; undefined where it cannot be told. */
function membersBefore(
  steps: readonly RecordedStep[],
  index: number,
  { budget, members }: { readonly budget: number; readonly members: readonly Member[] },
): Member[] | undefined {
  const [last, step] = [steps[index - 1]!, steps[index]!];
  // A prompt that filled the step's budget goes on in the next.
  const isCut = last.prefills > 0 && last.decodes + last.prefillTokens === budget;
  const joined = last.prefills - (isCut ? 1 : 0);
  const joinedTokens =
    joined === 0 ? 0 : last.prefillTokens + last.cachedTokens - (isCut ? step.cachedTokens : 0);
  const stayed = withoutJoined(members, { joined, offsetSum: joinedTokens - joined * index });
  if (stayed === undefined) return undefined;
  const left = last.decodes + joined - step.decodes;
  const leftTokens = last.contextTokens + last.decodes + joinedTokens - step.contextTokens;
  return left < 0 ? undefined : [...stayed, ...leavers(left, leftTokens - left, index - 1)];
}

/** So many who left after the step of this index, in which they had so many tokens of context in all. */
function leavers(count: number, contextTokens: number, index: number): Member[] {
  const group: Leavers = { members: [], offsetSum: contextTokens - count * index };
  for (let left = count; left > 0; left--)
    group.members.push({ offset: undefined, leavers: group });
  settle(group);
  return group.members;
}

/** All but those who have just joined: one, two, or nobody; undefined where it is not clear who. */
function withoutJoined(
  members: readonly Member[],
  { joined, offsetSum }: { readonly joined: number; readonly offsetSum: number },
): readonly Member[] | undefined {
  if (joined === 0) return members;
  if (joined > 2) return undefined;
  if (joined === 1) {
    const one =
      members.find(({ offset }) => offset === offsetSum) ??
      members.find(({ offset }) => offset === undefined);
    if (one === undefined) return undefined;
    one.offset = offsetSum;
    settle(one.leavers);
    return members.filter((member) => member !== one);
  }
  const offsetOf = ({ offset = Number.NaN }: Member) => offset;
  for (const one of members) {
    const other = members.find(
      (member) => member !== one && offsetOf(member) + offsetOf(one) === offsetSum,
    );
    if (other !== undefined) return members.filter((member) => member !== one && member !== other);
  }
  return undefined;
}

/** The last of a group that is not told from the others has what is left of their sum. */
function settle({ members, offsetSum }: Leavers): void {
  const unknown = members.filter(({ offset }) => offset === undefined);
  if (unknown.length !== 1) return;
  unknown[0]!.offset = members.reduce((left, { offset = 0 }) => left - offset, offsetSum);
}
