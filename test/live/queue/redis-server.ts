/**
 * A Redis server of the test's own, from Debian's package, that keeps nothing on disk: started on a free port, killed at will. Where it
 * is not installed the tests are skipped with a reason, except in CI, where they fail.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";

const isMissing = spawnSync("redis-server", ["--version"]).status !== 0;

export function describeWithRedis(what: string, suite: () => void): void {
  if (isMissing) console.log(`Skipping ${what}: no redis-server (apt-get install redis-server).`);
  if (isMissing && process.env["CI"] === "true") {
    test(`${what}: CI has a Redis server`, () => {
      expect.fail("CI must run these tests; redis-server is not installed");
    });
  }
  describe.skipIf(isMissing)(what, suite);
}

export class RedisServer {
  readonly port: number;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts again on the same port, with nothing in its memory. */
  async restart(): Promise<void> {
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", ""];
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes("Ready to accept connections")) break;
    }
    child.stdout.resume();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return address.port;
}
