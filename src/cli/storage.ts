/**
 * The store as commands use it: found through a scenario's serve.storage or --storage, opened, and closed whatever happens. What
 * is wrong with it is bad input, not a bug.
 */
import { userInfo } from "node:os";
import { AssertionError } from "../base/assert.ts";
import { openStore } from "../live/store/open-store.ts";
import { type Actor, type Store, StoreError } from "../live/store/store.ts";
import { InputError } from "./exit-codes.ts";
import { readScenarioSource, scenarioOf } from "./read-scenario.ts";

/** What `serve.storage` is where nobody says anything else. */
const DEFAULT_STORAGE = "tenantry.db";

export interface StorageOptions {
  readonly storage?: string;
}

interface Wanted extends StorageOptions {
  /** The scenario that names the storage; undefined where none was given. */
  readonly scenario: string | undefined;
  /** Reading wants a database that is there; writing may make one. */
  readonly mustExist: boolean;
}

/** Runs `work` on the store. Fails: InputError when the database cannot be used. */
export async function withStore<T>(
  { scenario, storage: named, mustExist }: Wanted,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const storage = named ?? storageOf(scenario);
  // Durable against power loss: these are a few writes, and somebody has been told of each.
  const options = { storage, durability: "power", mustExist } as const;
  const store = await openStore(options).catch((error: unknown) => {
    throw asInputError(storage, error);
  });
  try {
    return await work(store);
  } catch (error) {
    throw asInputError(storage, error);
  } finally {
    await store.close();
  }
}

function storageOf(scenario: string | undefined): string {
  if (scenario === undefined) return DEFAULT_STORAGE;
  const { text, overrides } = readScenarioSource(scenario, []);
  return scenarioOf(text, { fileName: scenario, overrides, isQuiet: true }).serve.storage;
}

/** Failures of a database carry a code (node:sqlite, pg, sockets); anything else is what it is. */
function asInputError(storage: string, error: unknown): unknown {
  if (error instanceof StoreError) return new InputError(error.message, { cause: error });
  if (!(error instanceof Error) || error instanceof AssertionError || !("code" in error)) {
    return error;
  }
  const place = storage.replace(/:[^:@/]*@/u, ":***@");
  return new InputError(`the database ${place} failed: ${error.message}`, { cause: error });
}

/** Whoever runs the program, for the audit log. */
export function actor(): Actor {
  return { who: `cli:${userName()}`, atMs: Date.now() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number without a name.
    return String(process.getuid?.() ?? "unknown");
  }
}
