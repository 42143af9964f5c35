/** Who works with a queue: sweeps and workers say so every few seconds, so that each side can see whether the other is of its version. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Redis } from "ioredis";
import { KEYS, type Presence, presence, PRESENCE_EVERY_MS, PRESENT_SECONDS } from "./protocol.ts";

export interface Announced {
  /** As others see it. */
  readonly name: string;
  /** Says that we are gone, if the server can still be told. */
  stop(): Promise<void>;
}

/** Says that we are there until it is stopped. `onBeat` is called each time it has been said. */
export async function announce(
  redis: Redis,
  kind: "sweep" | "worker",
  { version, onBeat }: { readonly version: string; readonly onBeat?: () => void },
): Promise<Announced> {
  const name = `${hostname()}:${process.pid}`;
  const key = KEYS[kind](randomUUID());
  const text = JSON.stringify({ version, name } satisfies Presence);
  const say = async (): Promise<void> => {
    await redis.set(key, text, "EX", PRESENT_SECONDS);
    onBeat?.();
  };
  await say();
  // A server that is gone is noticed by whoever waits for it; saying so again can wait too.
  const timer = setInterval(() => void say().catch(() => {}), PRESENCE_EVERY_MS);
  return {
    name,
    async stop() {
      clearInterval(timer);
      if (redis.status === "ready") await redis.del(key).catch(() => 0);
    },
  };
}

/** Everybody of a kind that has been heard of lately. */
export async function whoIsThere(
  redis: Redis,
  kind: "sweep" | "worker",
): Promise<readonly Presence[]> {
  const keys: string[] = [];
  for (let cursor = "0"; ; ) {
    const [next, some] = await redis.scan(cursor, "MATCH", KEYS[kind]("*"), "COUNT", 1000);
    keys.push(...some);
    if (next === "0") break;
    cursor = next;
  }
  const texts = keys.length === 0 ? [] : await redis.mget(keys);
  return texts.flatMap((text) => (text === null ? [] : [presence.parse(JSON.parse(text))]));
}
