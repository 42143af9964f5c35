/**
 * Everything at once: servers that misbehave and die at random, clients that leave at random. Nothing may be lost, leaked or
 * billed twice, and the journal of it all replays to the same decisions.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type RandomStream, randomStream } from "../../../src/base/random.ts";
import type { Ending } from "../../../src/live/exchange.ts";
import { Replay } from "../../../src/live/journal/replay.ts";
import type { Behaviour } from "../../support/fake-upstream.ts";
import { Client, type World, createWorld } from "./world.ts";

const SEEDS = [1, 2, 3, 13];
const REQUESTS = 300;
const SERVERS = 3;

test.each(SEEDS)("storm with seed %i", async (seed) => {
  const random = randomStream(seed, "storm");
  const folder = mkdtempSync(join(tmpdir(), "storm-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const journal = join(folder, "journal.jsonl");
  const world = await createWorld({
    servers: SERVERS,
    pool: { maxNumSeqs: 8, adapterMemory: "60MiB" },
    upstream: { adapters: seed % 2 === 0 ? "by-name" : "load" },
    journal,
  });
  for (const server of world.servers) server.behave = () => misbehaviour(random);
  const clients = await storm(world, random);
  const endings = await Promise.all(clients.map(({ ending }) => ending));
  await world.until(() => world.driver.engine.requestsInFlight === 0);
  expect(new Set(endings.map(({ outcome }) => outcome))).toEqual(
    new Set(["completed", "failed", "cancelled"]),
  );
  for (const [index, ending] of endings.entries()) checkEnding(world, clients[index]!, ending);
  checkMeters(world);
  await world.driver.stop();
  replayed(world, readFileSync(journal, "utf8").trimEnd().split("\n"));
});

async function storm(world: World, random: RandomStream): Promise<Client[]> {
  const clients: Client[] = [];
  for (let count = 0; count < REQUESTS; count++) {
    const isStreaming = random() < 0.7;
    const tenant = random() < 0.5 ? 0 : 1;
    const adapterIndex = random() < 0.2 ? 0 : undefined;
    const client = world.submit(new Client({ isStreaming, tenant, adapterIndex }));
    clients.push(client);
    if (random() < 0.2) world.driver.cancel(client);
    if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
    if (random() < 0.05) world.driver.cancel(clients[Math.floor(random() * clients.length)]!);
    if (random() < 0.01) {
      const server = world.servers[Math.floor(random() * SERVERS)]!;
      await server.kill();
      await server.listen();
    }
  }
  return clients;
}

function checkEnding(world: World, client: Client, { request, outcome }: Ending): void {
  const billed = world.charges
    .filter(({ request: id, kind }) => id === client.id && kind === "output")
    .map(({ quantity }) => quantity);
  expect(billed).toEqual(request.outputTokens > 0 ? [request.outputTokens] : []);
  const sentTokens = client.text.split(" w").length - 1;
  if (outcome === "completed") expect(sentTokens).toBe(4);
  if (outcome === "failed") expect(client.problem?.status).toBe(502);
  // What a stream brought is what is billed, however it ended.
  if (client.isStreaming) expect(request.outputTokens).toBe(sentTokens);
}

function checkMeters({ driver, backend }: World): void {
  driver.inspect((_, nowNs) => {
    for (const meter of backend.meters) {
      meter.advance(nowNs);
      expect(meter.busyNs + meter.idleUntil(nowNs) + meter.downUntil(nowNs)).toBe(nowNs);
      expect(meter.inFlight).toBe(0);
      expect(meter.inFlightPs()).toBeLessThan(1e3);
    }
  });
}

function replayed({ platform }: World, lines: readonly string[]): void {
  const replay = new Replay(platform, () => platform);
  for (const [index, line] of lines.entries()) if (index > 0) replay.take(line, index + 1);
  const { difference, decisions } = replay.finish();
  expect(difference).toBeUndefined();
  expect(decisions).toBeGreaterThan(REQUESTS);
}

function misbehaviour(random: RandomStream): Behaviour {
  const what = random();
  if (what < 0.6) return { role: random() < 0.5 };
  if (what < 0.7) return { status: random() < 0.5 ? 500 : 429 };
  if (what < 0.8) return { cutAfter: Math.floor(random() * 4) };
  if (what < 0.85) return { stopAfter: Math.floor(random() * 4) };
  if (what < 0.9) return { raw: ["data: {oops\n\n"] };
  return { usage: "none" };
}
