/** What HTTP asks of whoever keeps the keys: whose key this is. Everything else about a client follows from the answer. */

/** A key that is known and valid, or why one that was known is not. */
export type KeyFinding =
  | { readonly tenant: string; readonly isSuspended?: boolean }
  | { readonly admin: true }
  | { readonly refused: "expired" | "revoked" };

export interface KeyLookup {
  /** Undefined: no such key. Clients are told the same of unknown, expired and revoked keys; only logs tell them apart. */
  find(presented: string): KeyFinding | undefined;
}
