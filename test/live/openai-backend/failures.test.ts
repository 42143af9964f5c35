/** Upstreams that fail: what is tried again, what is told to clients, what is billed, and when a server is left alone. */
import { describe, expect, test } from "vitest";
import type { Behaviour, FakeRequest } from "../../support/fake-upstream.ts";
import { Client, type World, createWorld } from "./world.ts";

/** A promise and what fulfils it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

function isUp(world: World, replica: number): boolean {
  return world.backend.upstreamStats()[replica]!.isUp;
}

async function allUp(world: World): Promise<void> {
  await world.until(() => world.backend.upstreamStats().every((stats) => stats.isUp));
}

/** Behaves in turn, and well after that. */
function inTurn(...behaviours: Behaviour[]): (request: FakeRequest) => Behaviour {
  return () => behaviours.shift() ?? {};
}

describe("a request whose server fails before its first token is tried again", () => {
  const cases: readonly (readonly [string, Behaviour])[] = [
    ["500", { status: 500, body: { error: { message: "CUDA error" } } }],
    ["429", { status: 429, headers: { "retry-after": "0" } }],
    ["401", { status: 401 }],
    ["a redirect", { status: 302, headers: { location: "http://elsewhere/" } }],
    ["a connection cut before the headers", { cutAfter: 0 }],
    ["a connection cut after a chunk with only a role", { role: true, cutAfter: 0 }],
    ["a stream that ends before it began", { stopAfter: 0 }],
    ["a stream of something else", { raw: ["<html>", "\n\n", "oops"] }],
    ["a stream of what is not JSON", { raw: ["data: {oops}\n\n"] }],
    ["an answer that is not JSON", { body: "<html></html>" }],
    ["an answer without a choice", { body: { choices: [] } }],
    ["an error inside the stream", { raw: ['data: {"error":{"message":"engine died"}}\n\n'] }],
    ["an overload inside the stream", { raw: ['data: {"error":{"message":"x","code":503}}\n\n'] }],
  ];
  test.each(cases)("%s", async (_, behaviour) => {
    const world = await createWorld();
    world.servers[0]!.behave = inTurn(behaviour, { role: true });
    const client = world.submit(new Client());
    const { outcome, request, problem } = await client.ending;
    expect(outcome).toBe("completed");
    expect(problem).toBeUndefined();
    expect(request.crashes).toBe(1);
    expect(request.preemptions).toBe(0);
    expect(client.text).toBe(" w0 w1 w2 w3");
    // One role, four texts, one end: nothing of the first try.
    expect(client.pieces.length).toBe(6);
    await world.until(() => world.driver.engine.requestsInFlight === 0);
  });

  test("an answer that never begins", async () => {
    const world = await createWorld({ timing: { firstByteMs: 50 } });
    world.servers[0]!.behave = inTurn({ isSilent: true });
    const { outcome, request } = await world.submit(new Client()).ending;
    expect(outcome).toBe("completed");
    expect(request.crashes).toBe(1);
  });

  test("but not for ever where only this request fails, and the client learns no addresses", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = ({ body }) =>
      body.max_tokens === 1 ? {} : { status: 500, body: { message: "at 10.0.0.1:9 broke" } };
    const { outcome, problem } = await world.submit(new Client()).ending;
    expect(outcome).toBe("failed");
    expect(problem).toEqual({ status: 502, message: "No model server could answer the request." });
    expect(world.charges.filter(({ amountNanoUsd }) => amountNanoUsd > 0)).toEqual([]);
  });
});

describe("a request whose server fails after its first token fails", () => {
  const cases: readonly (readonly [string, Behaviour])[] = [
    ["a cut connection", { cutAfter: 2 }],
    ["a stream without an end", { stopAfter: 2 }],
    [
      "an error inside the stream",
      {
        raw: [
          'data: {"choices":[{"index":0,"delta":{"content":" w0"}}]}\n\n',
          'data: {"choices":[{"index":0,"delta":{"content":" w1"}}]}\n\n',
          'data: {"error":{"message":"engine died"}}\n\n',
        ],
      },
    ],
  ];
  test.each(cases)("%s", async (_, behaviour) => {
    const world = await createWorld();
    // The connection is cut when the first text has arrived: a reset may overtake what was sent before it.
    const first = gate();
    world.servers[0]!.behave = inTurn({ ...behaviour, until: first.opened, pauseAt: 2 });
    const client = world.submit(new Client());
    if (behaviour.raw === undefined) {
      await world.until(() => client.text === " w0 w1");
      first.open();
    }
    const { outcome, problem } = await client.ending;
    expect(outcome).toBe("failed");
    expect(problem).toEqual({
      status: 502,
      message: "The model server broke off before the answer was complete.",
    });
    expect(world.servers[0]!.generations.length).toBe(1);
    const output = world.charges.find(({ kind }) => kind === "output");
    expect(output).toMatchObject({ quantity: 2, isEstimate: true });
    await world.until(() => world.driver.engine.requestsInFlight === 0);
  });

  test("but an answer whose end was seen is complete, however the connection ends", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = inTurn({
      raw: ['data: {"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]}\n\n'],
    });
    const { outcome } = await world.submit(new Client()).ending;
    expect(outcome).toBe("completed");
  });
});

describe("what is the client's fault is told to the client", () => {
  test.each([
    [400, { error: { message: "max_tokens\n must be at http://10.1.2.3:80/x\u0000 least 1" } }],
    [422, { detail: "max_tokens must be at 10.1.2.3:80 least 1" }],
  ])("%i", async (status, body) => {
    const world = await createWorld();
    world.servers[0]!.behave = () => ({ status, body });
    const { outcome, problem, request } = await world.submit(new Client()).ending;
    expect(outcome).toBe("failed");
    expect(problem!.status).toBe(status);
    expect(problem!.message).toBe("max_tokens must be at (address) least 1");
    expect(request.crashes).toBe(0);
    expect(isUp(world, 0)).toBe(true);
  });

  test("a model that is not there is not", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = () => ({
      status: 404,
      body: { error: { message: "no served-model" } },
    });
    const { problem } = await world.submit(new Client()).ending;
    expect(problem).toEqual({
      status: 502,
      message: "The model is not available on the server that should run it.",
      isLasting: true,
    });
  });
});

describe("a client that goes away", () => {
  test("while its answer streams: the upstream is told, and what was sent is billed", async () => {
    const world = await createWorld();
    const forever = gate();
    world.servers[0]!.behave = () => ({ until: forever.opened, pauseAt: 2 });
    const client = world.submit(new Client());
    await world.until(() => client.text === " w0 w1");
    world.driver.cancel(client);
    const { outcome, request } = await client.ending;
    expect(outcome).toBe("cancelled");
    expect(request.outputTokens).toBe(2);
    await world.until(() => world.servers[0]!.generations[0]!.isAborted);
    const output = world.charges.find(({ kind }) => kind === "output");
    expect(output!.quantity).toBe(2);
    forever.open();
  });

  test("before it is answered, before it is sent, and after it was answered", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = () => ({ isSilent: true });
    const early = world.submit(new Client());
    world.driver.cancel(early);
    expect((await early.ending).outcome).toBe("cancelled");
    const late = world.submit(new Client());
    await world.until(() => world.servers[0]!.generations.length > 0);
    world.driver.cancel(late);
    expect((await late.ending).outcome).toBe("cancelled");
    world.servers[0]!.behave = () => ({});
    const done = world.submit(new Client());
    expect((await done.ending).outcome).toBe("completed");
    world.driver.cancel(done);
    expect(world.charges.filter(({ kind }) => kind === "output").length).toBe(1);
    await world.until(() => world.driver.engine.requestsInFlight === 0);
  });

  test("while its server's fate is not known yet", async () => {
    const world = await createWorld({ timing: { backoffMs: 60_000, mostBackoffMs: 60_000 } });
    world.servers[0]!.behave = () => ({ status: 503 });
    const client = world.submit(new Client());
    await world.until(() => world.backend.upstreamStats()[0]!.failures === 1);
    world.driver.cancel(client);
    expect((await client.ending).outcome).toBe("cancelled");
    await world.until(() => world.driver.engine.requestsInFlight === 0);
  });

  test("a slow reader that goes away leaves the connection free", async () => {
    const world = await createWorld();
    world.servers[0]!.behave = inTurn({
      texts: Array.from({ length: 100 }, () => "x".repeat(1e5)),
    });
    const client = new Client({ maxOutputTokens: 100 });
    client.isFull = true;
    world.submit(client);
    await world.until(() => client.resume !== undefined);
    world.driver.cancel(client);
    expect((await client.ending).outcome).toBe("cancelled");
    client.resume!();
    await world.until(() => world.servers[0]!.generations[0]!.isAborted);
    expect((await world.submit(new Client()).ending).outcome).toBe("completed");
  });
});

describe("a server that dies", () => {
  test("loses no request that has no token; what streams from it fails; back again, it serves", async () => {
    const world = await createWorld({ servers: 2, pool: { maxNumSeqs: 8 } });
    await allUp(world);
    const [dying, other] = world.servers;
    const forever = gate();
    // The first two streams on the dying server hang after their first token, all later ones before it.
    dying!.behave = () => ({
      until: forever.opened,
      pauseAt: dying!.generations.length <= 2 ? 1 : 0,
    });
    const clients = Array.from({ length: 40 }, () => world.submit(new Client()));
    await world.until(() => dying!.generations.length === 8);
    const started = (): Client[] => clients.filter(({ text }) => text === " w0");
    await world.until(() => started().length === 2);
    const victims = new Set(started());
    await dying!.kill();
    const endings = await Promise.all(clients.map(({ ending }) => ending));
    for (const [index, { outcome }] of endings.entries()) {
      expect(outcome).toBe(victims.has(clients[index]!) ? "failed" : "completed");
    }
    await world.until(() => !isUp(world, 0));
    expect(world.events.some(({ message }) => message.startsWith("main/0 went down:"))).toBe(true);
    expect(other!.generations.length).toBe(38);
    dying!.behave = () => ({});
    await dying!.listen();
    await allUp(world);
    const before = dying!.generations.length;
    const more = Array.from({ length: 16 }, () => world.submit(new Client()));
    for (const { ending } of more) expect((await ending).outcome).toBe("completed");
    expect(dying!.generations.length).toBeGreaterThan(before);
    forever.open();
  });

  test("alone: everybody waits until it is back", async () => {
    const world = await createWorld();
    await allUp(world);
    await world.servers[0]!.kill();
    const clients = Array.from({ length: 100 }, () => world.submit(new Client()));
    await world.until(() => !isUp(world, 0));
    await world.servers[0]!.listen();
    for (const { ending } of clients) expect((await ending).outcome).toBe("completed");
  });

  test("before anything began: the same", async () => {
    const world = await createWorld();
    await world.servers[0]!.kill();
    const client = world.submit(new Client());
    await world.until(() => world.events.some(({ kind }) => kind === "replica-down"));
    await world.servers[0]!.listen();
    const { outcome, request } = await client.ending;
    expect(outcome).toBe("completed");
    expect(request.crashes).toBeLessThanOrEqual(1);
  });

  test("again and again: adapters are loaded anew, and nothing is answered twice", async () => {
    const world = await createWorld({ upstream: { adapters: "load" } });
    await allUp(world);
    for (let round = 0; round < 5; round++) {
      const clients = [0, 1, 0].map((tenant) =>
        world.submit(new Client({ tenant, adapterIndex: 0 })),
      );
      await world.until(() => world.servers[0]!.generations.length > 0);
      await world.servers[0]!.kill();
      await world.until(() => !isUp(world, 0));
      await world.servers[0]!.listen();
      for (const { ending } of clients)
        expect(["completed", "failed"]).toContain((await ending).outcome);
      await world.until(() => world.driver.engine.requestsInFlight === 0);
      world.servers[0]!.requests.length = 0;
    }
  });
});

test("a server that takes no new connections: its streams go on, everything else goes elsewhere", async () => {
  const world = await createWorld({ servers: 2, pool: { maxNumSeqs: 4 } });
  await allUp(world);
  const [closing, other] = world.servers;
  const later = gate();
  closing!.behave = () => ({ until: later.opened, pauseAt: 1 });
  const clients = Array.from({ length: 8 }, () => world.submit(new Client()));
  await world.until(() => clients.filter(({ text }) => text === " w0").length === 4);
  closing!.stopListening();
  const more = Array.from({ length: 8 }, () => world.submit(new Client()));
  for (const { ending } of more) expect((await ending).outcome).toBe("completed");
  await world.until(() => !isUp(world, 0));
  later.open();
  for (const { ending } of clients) expect((await ending).outcome).toBe("completed");
  expect(other!.generations.length).toBe(12);
});

describe("the circuit breaker", () => {
  test("opens for a server that says it is well and fails; closes when it has answered a request", async () => {
    const world = await createWorld({ servers: 2 });
    await allUp(world);
    const [sick] = world.servers;
    sick!.behave = () => ({ status: 500 });
    const clients = Array.from({ length: 20 }, () => world.submit(new Client()));
    for (const { ending } of clients) expect((await ending).outcome).toBe("completed");
    await world.until(() => !isUp(world, 0));
    const stats = world.backend.upstreamStats()[0]!;
    expect(stats.cause).toMatch(/requests failed in a row; the last: it answers 500/u);
    // Probes alone do not bring it back: each time it is asked for a token, which it refuses.
    const proofs = (): number =>
      sick!.generations.filter(({ body }) => body.max_tokens === 1).length;
    await world.until(() => proofs() >= 3);
    expect(isUp(world, 0)).toBe(false);
    sick!.behave = () => ({});
    await world.until(() => isUp(world, 0));
  });

  test("a bad word about its health takes a server out, but only the second", async () => {
    const world = await createWorld();
    await allUp(world);
    world.servers[0]!.healthStatus = 503;
    await world.until(() => !isUp(world, 0));
    const [down] = world.events;
    expect(down!.message).toBe("main/0 went down: it answers 503.");
    world.servers[0]!.healthStatus = 200;
    await allUp(world);
  });

  test("a server without /health is asked for its models", async () => {
    const world = await createWorld();
    world.servers[0]!.healthStatus = 404;
    expect((await world.submit(new Client()).ending).outcome).toBe("completed");
  });
});
