/**
 * Assertions and exhaustiveness. A failed assertion is a bug in this program, never a user's mistake: it is not caught
 * below the command line, where it becomes exit code 70 with a request to report it.
 */

export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws AssertionError unless `condition` holds. The message is a literal, so that a passing call costs nothing. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks the end of an exhaustive switch; the compiler refuses a case that was forgotten. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
