/** What every store's lease must do, whatever database is under it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { hasEnded, isOnThisMachine, identityOf } from "../../../src/live/store/process-identity.ts";
import { StoreLease } from "../../../src/live/store/store-lease.ts";
import type { LeaseHolder } from "../../../src/live/store/store.ts";
import type { Tools } from "./contract.ts";

const LONG_MS = 60_000;
/** Of a process that runs on, where nobody here can look. */
const ELSEWHERE = { host: "far", machine: "another machine", pid: 7, birth: "70" };

function holder(id: string, of: Omit<LeaseHolder, "id"> = identityOf()): LeaseHolder {
  return { id, ...of };
}

export function leaseTests({ databases, reopen, fresh }: Tools): void {
  test("a lease: one has it; another is told who, until it is given back or runs out", async () => {
    const storage = await databases.create();
    const [one, two] = [await reopen(storage), await reopen(storage)];
    expect(await one.lease.take(holder("a", ELSEWHERE), LONG_MS)).toBeUndefined();
    const held = await two.lease.take(holder("b"), LONG_MS);
    expect(held).toMatchObject({ id: "a", ...ELSEWHERE });
    expect(held!.untilMs - held!.sinceMs).toBe(LONG_MS);
    expect(held!.leftMs).toBeGreaterThan(LONG_MS / 2);
    expect(Math.abs(held!.sinceMs - Date.now())).toBeLessThan(LONG_MS / 2);
    expect(await two.lease.renew("b", LONG_MS)).toBe(false);
    await two.lease.giveBack("b");
    expect(await two.lease.take(holder("b"), LONG_MS)).toMatchObject({ id: "a" });
    await one.lease.giveBack("a");
    expect(await two.lease.take(holder("b"), LONG_MS)).toBeUndefined();
  });

  test("a lease that has run out is its holder's until somebody takes it, who then keeps it", async () => {
    const store = await fresh();
    expect(await store.lease.take(holder("a"), 0)).toBeUndefined();
    expect(await store.lease.renew("a", 0)).toBe(true);
    expect(await store.lease.take(holder("b"), LONG_MS)).toBeUndefined();
    expect(await store.lease.renew("a", LONG_MS)).toBe(false);
    await store.lease.giveBack("a");
    expect(await store.lease.renew("b", LONG_MS)).toBe(true);
  });

  test("of many who want the lease at once one gets it, and one of those who would take it from the dead", async () => {
    const storage = await databases.create();
    const stores = await Promise.all(Array.from({ length: 4 }, () => reopen(storage)));
    for (const instead of [undefined, "dead"]) {
      if (instead !== undefined) await stores[0]!.lease.take(holder(instead), LONG_MS, "first");
      const answers = await Promise.all(
        stores.flatMap(({ lease }, index) =>
          [0, 1].map((half) => lease.take(holder(`${index}.${half}`), LONG_MS, instead)),
        ),
      );
      expect(answers.filter((held) => held === undefined)).toHaveLength(1);
      const [row] = answers.filter((held) => held !== undefined);
      await stores[0]!.lease.giveBack(row!.id);
      await stores[0]!.lease.take(holder("first"), LONG_MS);
    }
  });

  test("a claim on a store is refused to a second server with the name of the first, and free after it", async () => {
    const storage = await databases.create();
    const [one, two] = [await reopen(storage), await reopen(storage)];
    const claim = await StoreLease.take(one);
    expect(claim.isCertain).toBe(true);
    const { host, pid } = identityOf();
    await expect(StoreLease.take(two)).rejects.toThrow(
      new RegExp(
        `another server works on this store: process ${pid} on ${host}, since 20..-.*Z; .*--storage`,
        "u",
      ),
    );
    await claim.giveBack();
    await (await StoreLease.take(two)).giveBack();
  });

  test("a claim of a process that was killed is taken over at once", async () => {
    const store = await fresh();
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(child, "spawn");
    const dead = identityOf(child.pid);
    expect(hasEnded(dead)).toBe(false);
    expect(isOnThisMachine(dead)).toBe(true);
    await store.lease.take(holder("dead", dead), LONG_MS);
    await expect(StoreLease.take(store)).rejects.toThrow(`process ${dead.pid} on ${dead.host}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await StoreLease.take(store)).giveBack();
    // A later process with the same number is another one.
    await store.lease.take(holder("dead", { ...identityOf(), birth: "0" }), LONG_MS);
    await (await StoreLease.take(store)).giveBack();
  });

  test("a claim from another machine is waited out; one that is renewed meanwhile is respected", async () => {
    const storage = await databases.create();
    const [one, two] = [await reopen(storage), await reopen(storage)];
    const waited: string[] = [];
    const onWait = ({ id }: LeaseHolder) => waited.push(id);
    await one.lease.take(holder("crashed", ELSEWHERE), 300);
    await (await StoreLease.take(two, { onWait })).giveBack();
    await one.lease.take(holder("alive", ELSEWHERE), LONG_MS);
    const taking = StoreLease.take(two, {
      onWait(held) {
        onWait(held);
        void one.lease.renew("alive", LONG_MS + 1000);
      },
    });
    await expect(taking).rejects.toThrow("process 7 on far");
    expect(waited).toEqual(["crashed", "alive"]);
  });

  test("a claim is renewed while it lasts, and its loss is noticed", async () => {
    const store = await fresh();
    const claim = await StoreLease.take(store, { leaseMs: LONG_MS, renewEveryMs: 5 });
    const first = await store.lease.take(holder("other"), LONG_MS);
    await expect
      .poll(async () => (await store.lease.take(holder("other"), LONG_MS))!.untilMs)
      .toBeGreaterThan(first!.untilMs);
    expect(claim.isLost).toBe(false);
    expect(await store.lease.take(holder("other"), LONG_MS, first!.id)).toBeUndefined();
    await claim.lost;
    expect([claim.isLost, claim.isCertain]).toEqual([true, false]);
    await claim.giveBack();
    expect(await store.lease.renew("other", LONG_MS)).toBe(true);
  });

  test("a claim that cannot be renewed is uncertain once it may have run out", async () => {
    const storage = await databases.create();
    const store = await reopen(storage);
    const claim = await StoreLease.take(store, { leaseMs: 50, renewEveryMs: LONG_MS });
    expect(claim.isCertain).toBe(true);
    await expect.poll(() => claim.isCertain).toBe(false);
    expect(claim.isLost).toBe(false);
    await claim.giveBack();
  });
}
