/**
 * The store that a server works on: opened, and claimed for as long as it serves, so that no second server spends the same
 * budgets. The claim has a connection of its own that never waits for a disk: it is renewed on the thread that serves.
 */
import { openStore } from "../live/store/open-store.ts";
import { StoreLease } from "../live/store/store-lease.ts";
import { type Lease, type Store, StoreError } from "../live/store/store.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { InputError } from "./exit-codes.ts";

export interface ServedStore {
  readonly store: Store;
  readonly lease: StoreLease;
  /** After all that there was to write. */
  close(): Promise<void>;
}

/** Fails: InputError when the store cannot be opened, or somebody else works on it. */
export async function openServedStore({ serve }: Scenario): Promise<ServedStore> {
  const { storage, durability } = serve;
  const opened: Store[] = [];
  const close = async (): Promise<void> => {
    for (const store of opened) await store.close();
  };
  try {
    const claims = await openStore({ storage, durability: "process" });
    opened.push(claims);
    const lease = await StoreLease.take(claims, { onWait: tellOfWait });
    const store = await openStore({ storage, durability });
    opened.push(store);
    return {
      store,
      lease,
      async close() {
        await lease.giveBack();
        await close();
      },
    };
  } catch (error) {
    await close();
    if (error instanceof StoreError) throw new InputError(error.message, { cause: error });
    throw error;
  }
}

function tellOfWait({ host, pid, leftMs }: Lease): void {
  const seconds = Math.ceil(leftMs / 1000);
  process.stderr.write(
    `waiting for the store, ${seconds} s at most: process ${pid} on ${host} has not given it back, and may have crashed\n`,
  );
}
