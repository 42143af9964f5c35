/** JSON from a server that may send anything: objects are looked at key by key, and whatever is not as expected is undefined. */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The object in a text; undefined when it is none. */
export function parseRecord(text: string): JsonRecord | undefined {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function recordOf(value: unknown): JsonRecord | undefined {
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
