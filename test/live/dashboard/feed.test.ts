/** The dashboard's routes: who may read, what the page's policy allows, what the stream says, and that it ends with the server. */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerDashboard } from "../../../src/live/dashboard/feed.ts";
import type { RecentSlice } from "../../../src/live/observe/recent.ts";
import type { PlatformStatus } from "../../../src/live/observe/status.ts";
import { HandClock, pass, portOf, send, stop, watched, type Watched } from "./platform.ts";

const ADMIN = { authorization: "Bearer sk-admin" };

let live: Watched;
let clock: HandClock;
let address: string;

beforeEach(async () => {
  clock = new HandClock();
  live = watched({ clock, outputTokens: () => 5 });
  // As the server does it: in a scope of its own.
  live.app.register((scope, _options, done) => {
    registerDashboard(scope, {
      driver: live.driver,
      collecting: live.collecting,
      isAdmin: (request) => request.headers.authorization === ADMIN.authorization,
      vegaSource: "/* the runtime */",
    });
    done();
  });
  await live.app.listen({ port: 0, host: "127.0.0.1" });
  address = `http://127.0.0.1:${portOf(live.app.server)}`;
});

afterEach(() => stop(live));

interface Told {
  readonly status: PlatformStatus;
  readonly slices: readonly RecentSlice[];
}

/** Opens the stream; `next` is its next event, undefined at its end. */
async function open(): Promise<{ next(): Promise<Told | undefined>; close(): Promise<void> }> {
  const answer = await fetch(`${address}/dashboard/events`, { headers: ADMIN });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next() {
      while (!text.includes("\n\n")) {
        const { value, done } = await reader.read();
        if (done) return undefined;
        text += value;
      }
      const end = text.indexOf("\n\n");
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      expect(event.startsWith("data: ")).toBe(true);
      return JSON.parse(event.slice(6));
    },
    close: () => reader.cancel(),
  };
}

test("figures need the admin key; the page itself holds none of them", async () => {
  for (const path of ["/dashboard/events", "/dashboard/status"]) {
    for (const headers of [{}, { authorization: "Bearer sk-tenant" }]) {
      const answer = await fetch(address + path, { headers });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ error: { code: "invalid_api_key" } });
    }
  }
  const page = await (await fetch(`${address}/dashboard`)).text();
  for (const name of ["acme", "birch", "cedar"]) expect(page).not.toContain(name);
});

test("the policy names each script and style by hash and allows no eval", async () => {
  const answer = await fetch(`${address}/dashboard`);
  const policy = answer.headers.get("content-security-policy")!;
  expect(policy).not.toMatch(/unsafe|\*/u);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  const page = await answer.text();
  const inlined = [...page.matchAll(/<(script|style)>([\s\S]*?)<\/\1>/gu)].map(
    ([, , text]) => text!,
  );
  expect(inlined).toHaveLength(3);
  for (const text of inlined) {
    expect(policy).toContain(createHash("sha256").update(text, "utf8").digest("base64"));
  }
  expect(page).not.toMatch(/ (?:on[a-z]+|style)=|https?:\/\/(?!vega|www\.w3\.org)/u);
});

test("a reader gets the past at once, then what changed", async () => {
  send(live.driver, 1);
  await pass(live.driver, clock, 5000);
  const stream = await open();
  const first = (await stream.next())!;
  expect(first.slices.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(first.slices[0]!.tiers[1]).toMatchObject({ arrived: 1, completed: 1, outputTokens: 5 });
  expect(first.status.tenants[0]).toMatchObject({ name: "birch", outputTokens: 5 });
  send(live.driver, 3);
  await pass(live.driver, clock, 4000);
  let later = (await stream.next())!;
  while (later.status.atS < 9) later = (await stream.next())!;
  expect(later.slices.map(({ index }) => index)).toEqual([2, 3, 4]);
  expect(later.slices[0]!.tiers[2]).toMatchObject({ arrived: 1, completed: 1 });
  await stream.close();
});

test("a script gets the same status once", async () => {
  const answer = await fetch(`${address}/dashboard/status`, { headers: ADMIN });
  const status: PlatformStatus = JSON.parse(await answer.text());
  expect(status.schemaVersion).toBe(1);
  expect(status.replicas).toHaveLength(5);
});

test("the 33rd reader is told so, and its place is free again when one leaves", async () => {
  const streams = await Promise.all(Array.from({ length: 32 }, open));
  await Promise.all(streams.map((stream) => stream.next()));
  const answer = await fetch(`${address}/dashboard/events`, { headers: ADMIN });
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain("32 dashboards are open already");
  await streams[0]!.close();
  let retried = 503;
  while (retried === 503) {
    const again = await fetch(`${address}/dashboard/events`, { headers: ADMIN });
    retried = again.status;
    await again.body!.cancel();
  }
  expect(retried).toBe(200);
  await Promise.all(streams.slice(1).map((stream) => stream.close()));
});

test("closing the server ends the streams", async () => {
  const stream = await open();
  expect(await stream.next()).toBeDefined();
  const closed = live.app.close();
  let told = await stream.next();
  while (told !== undefined) told = await stream.next();
  await closed;
});
