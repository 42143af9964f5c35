/** Real servers over one store: one serves at a time, whatever becomes of the one before. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../../../src/live/store/open-store.ts";
import { identityOf } from "../../../src/live/store/process-identity.ts";
import type { Store } from "../../../src/live/store/store.ts";
import { MAIN } from "../../support/command.ts";
import { type ServeProcess, end, serve } from "./serve-process.ts";

const SCENARIO = {
  version: 2,
  name: "lease",
  platform: {
    pools: { shared: { model: "llama-3.1-8b", gpu: "h100-sxm", replicas: 1 } },
    tenants: { acme: { tier: "gold" } },
  },
  workload: {},
};

let folder: string;
let file: string;
let store: Store;
const servers: ServeProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tenantry-lease-"));
  file = join(folder, "lease.json");
  const storage = join(folder, "ledger.db");
  writeFileSync(file, JSON.stringify({ ...SCENARIO, serve: { storage } }));
  store = await openStore({ storage, durability: "process" });
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    const { exitCode, signalCode } = server.child;
    if (exitCode === null && signalCode === null) await end(server, "SIGKILL");
  }
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function started(): Promise<ServeProcess> {
  const server = await serve(file);
  servers.push(server);
  return server;
}

/** A start that is expected to fail: its exit code and its words. */
function refused(): { readonly status: number | null; readonly stderr: string } {
  const args = [MAIN, "serve", file, "--listen", "127.0.0.1:0"];
  return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
}

const OTHER = { id: "other", host: "far", machine: "another machine", pid: 7, birth: "70" };

test("a second server over the store is refused by name; a killed one is succeeded at once; a drained one gives it back", {
  timeout: 120_000,
}, async () => {
  const first = await started();
  const { status, stderr } = refused();
  expect(status).toBe(2);
  expect(stderr).toContain(
    `${join(folder, "ledger.db")}: another server works on this store: process ${first.child.pid} on ${identityOf().host}, since `,
  );
  expect(stderr).not.toMatch(/\n {4}at /u);
  expect((await fetch(`${first.url}/health`)).status).toBe(200);
  await end(first, "SIGKILL");
  expect(await store.lease.take(OTHER, 0)).toMatchObject({ pid: first.child.pid });
  const second = await started();
  expect(await store.lease.take(OTHER, 0)).toMatchObject({ pid: second.child.pid });
  expect(await end(second, "SIGTERM")).toBe(0);
  expect(await store.lease.take(OTHER, 0)).toBeUndefined();
});

test("a start that fails gives the store back", { timeout: 60_000 }, async () => {
  const server = await started();
  const port = new URL(server.url).port;
  const other = join(folder, "other.db");
  const args = [MAIN, "serve", file, "--listen", `127.0.0.1:${port}`, "--storage", other];
  expect(spawnSync(process.execPath, args).status).toBe(2);
  const opened = await openStore({ storage: other, durability: "process" });
  expect(await opened.lease.take(OTHER, 0)).toBeUndefined();
  await opened.close();
});

test("a server that has lost its store ends in peace, and says so by its exit code", {
  timeout: 60_000,
}, async () => {
  const server = await started();
  const held = await store.lease.take(OTHER, 60_000);
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${server.keys.get("acme")!}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      model: "llama-3.1-8b",
      messages: [{ role: "user", content: "x" }],
      stream: true,
      max_tokens: 1500,
      paced_output_tokens: 1500,
    }),
  });
  const exited = new Promise((resolve) => server.child.once("exit", resolve));
  expect(await store.lease.take(OTHER, 60_000, held!.id)).toBeUndefined();
  expect((await answer.text()).endsWith("data: [DONE]\n\n")).toBe(true);
  expect(await exited).toBe(3);
  expect(await store.lease.renew(OTHER.id, 0)).toBe(true);
});
