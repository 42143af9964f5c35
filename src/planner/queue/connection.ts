/**
 * A connection to the Redis server that a sweep's queue is kept in. A server that goes away is waited for a while, since it may only be
 * restarting; then the connection is lost for good, which is a value here and ends whoever works with it.
 */
import { Redis } from "ioredis";

/** A restart takes seconds; beyond this somebody must look. Assumed. */
const PATIENCE_MS = 30_000;
/** Of the first connection: a wrong address should be told at once. */
const FIRST_TRIES = 2;
const RETRY_MS = 500;

/** The queue cannot be reached, or not any more. Its message is for the user. */
export class QueueLost extends Error {
  override name = "QueueLost";
}

export interface QueueConnection {
  readonly redis: Redis;
  /** Without its password. */
  readonly address: string;
  /** Rejects with QueueLost when the server has been gone for too long; never resolves. */
  readonly lost: Promise<never>;
  close(): void;
}

/** Fails: QueueLost where the address is none, or nothing answers there. */
export async function connectQueue(url: string): Promise<QueueConnection> {
  const address = withoutSecrets(url);
  let wasReady = false;
  let goneSince: number | undefined;
  let lastError = "nothing answers";
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    lazyConnect: true,
    retryStrategy(times) {
      if (!wasReady) return times < FIRST_TRIES ? RETRY_MS : null;
      goneSince ??= performance.now();
      return performance.now() - goneSince < PATIENCE_MS ? RETRY_MS : null;
    },
  });
  redis.on("ready", () => {
    wasReady = true;
    goneSince = undefined;
  });
  redis.on("error", (error: Error) => (lastError = error.message));
  const lost = new Promise<never>((_, reject) => {
    redis.once("end", () => reject(new QueueLost(`the queue at ${address} is gone: ${lastError}`)));
  });
  // Whoever does not wait for it has lost interest.
  lost.catch(() => {});
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const reason = error instanceof Error && wasReady ? error.message : lastError;
    throw new QueueLost(
      `cannot reach a queue at ${address}: ${reason}; is a Redis server running there?`,
      {
        cause: error,
      },
    );
  }
  return { redis, address, lost, close: () => redis.disconnect() };
}

/** Fails: QueueLost where it is no address of a Redis server. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !["redis:", "rediss:"].includes(parsed.protocol)) {
    throw new QueueLost(
      "the queue's address is none: expected redis://host:port or rediss://host:port",
    );
  }
  return `${parsed.protocol}//${parsed.host}${parsed.pathname === "/" ? "" : parsed.pathname}`;
}
