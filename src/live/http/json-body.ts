/**
 * Reads a request's body: UTF-8, then JSON, no deeper than anyone needs. Depth is bounded because what is read here is walked
 * and written again further on, by code that recurses.
 */
import { isUtf8 } from "node:buffer";
import { type ApiError, apiError } from "./errors.ts";

/** Levels of nesting: tools with large JSON schemas have about 20. */
const MOST_LEVELS = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export type ParsedBody =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "refused"; readonly error: ApiError };

export function parseJsonBody(bytes: Buffer): ParsedBody {
  if (bytes.length === 0) return refused("The request has no body; expected a JSON object.");
  if (!isUtf8(bytes)) return refused("The request's body is not valid UTF-8.");
  if (isTooDeep(bytes)) {
    return refused(`The request's body is nested deeper than ${MOST_LEVELS} levels.`);
  }
  try {
    return { kind: "value", value: JSON.parse(bytes.toString()) };
  } catch {
    return refused("The request's body is not valid JSON.");
  }
}

function refused(message: string): ParsedBody {
  return { kind: "refused", error: apiError("badJson", { message }) };
}

/** Counts brackets outside strings. */
function isTooDeep(bytes: Buffer): boolean {
  let level = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte === QUOTE) index = endOfString(bytes, index + 1);
    // '[' and '{', ']' and '}' differ in one bit.
    else if ((byte | 0x20) === 0x7b) level += 1;
    else if ((byte | 0x20) === 0x7d) level -= 1;
    if (level > MOST_LEVELS) return true;
  }
  return false;
}

/** Where the string that begins at `from` is closed; the end of everything when it never is. */
function endOfString(bytes: Buffer, from: number): number {
  for (let index = from; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === BACKSLASH) index += 1;
    else if (byte === QUOTE) return index;
  }
  return bytes.length;
}
