/** A running server takes over changes: by the admin API, by `tenantry reload`, and refuses whole what it cannot take. */
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAIN } from "../../support/command.ts";
import { type ServeProcess, end, serve } from "./serve-process.ts";

const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), "tenantry-admin-"));
const file = join(folder, "scenario.json");

function write(change: { weight?: number; replicas?: number; maxQps?: string }): void {
  const { weight = 1, replicas = 1, maxQps = "unlimited" } = change;
  const pool = {
    model: "llama-3.1-8b",
    gpu: "h100-sxm",
    replicas,
    adapterMemory: "1GiB",
    stepTime: { fixed: "300us" },
  };
  const scenario = {
    version: 2,
    name: "admin",
    platform: {
      pools: { shared: pool },
      tenants: { acme: { tier: "gold", weight, quotas: { maxQps, burst: 1 } } },
    },
    workload: {},
    serve: { storage: join(folder, "ledger.db") },
  };
  writeFileSync(file, JSON.stringify(scenario));
}

let server: ServeProcess;
let admin: string;

beforeAll(async () => {
  write({});
  server = await serve(file);
  admin = server.keys.get("administrator")!;
}, 60_000);

afterAll(async () => {
  expect(await end(server, "SIGTERM")).toBe(0);
});

async function call(method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${admin}`,
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text };
}

async function statusFor(key: string): Promise<number> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "llama-3.1-8b",
      messages: [{ role: "user", content: "hi" }],
      max_tokens: 3,
    }),
  });
  await response.text();
  return response.status;
}

test("a tenant is added, gets a key, is served, suspended, and comes back", async () => {
  expect((await call("PUT", "/admin/tenants/newco", { tier: "silver" })).status).toBe(204);
  const made: { id: string; key: string } = JSON.parse(
    (await call("POST", "/admin/keys", { tenant: "newco" })).text,
  );
  expect(await statusFor(made.key)).toBe(200);
  expect((await call("POST", "/admin/tenants/newco/suspend")).status).toBe(204);
  expect(await statusFor(made.key)).toBe(403);
  expect((await call("POST", "/admin/tenants/newco/resume")).status).toBe(204);
  expect(await statusFor(made.key)).toBe(200);
  const rotated: { key: string } = JSON.parse(
    (await call("POST", `/admin/keys/${made.id}/rotate`, { graceSeconds: 0 })).text,
  );
  expect(await statusFor(made.key)).toBe(401);
  expect(await statusFor(rotated.key)).toBe(200);
  const bills = (
    await call("GET", "/admin/bills?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")
  ).text;
  expect(bills).toContain('"tenant":"newco","kind":"output"');
  const audit = (await call("GET", "/admin/audit")).text;
  for (const what of ["tenant.put", "tenant.suspend", "key.create", "key.rotate"]) {
    expect(audit).toContain(what);
  }
  expect(audit).not.toContain(made.key);
});

test("nobody but an administrator may, and what is wrong changes nothing", async () => {
  const tenantKey = server.keys.get("acme")!;
  const refused = await fetch(`${server.url}/admin/tenants`, {
    headers: { authorization: `Bearer ${tenantKey}` },
  });
  expect(refused.status).toBe(401);
  const bad = await call("PUT", "/admin/tenants/oddco", { tier: "tin" });
  expect(bad.status).toBe(400);
  expect(bad.text).toContain("unknown tier 'tin'");
  expect((await call("GET", "/admin/tenants")).text).not.toContain("oddco");
  expect((await call("POST", "/admin/tenants/nobody/suspend")).status).toBe(404);
  expect((await call("DELETE", "/admin/keys/k-000000000000")).status).toBe(404);
  expect((await call("POST", "/admin/keys", { tenant: "acme", admin: true })).status).toBe(400);
});

test("reload takes over weights and quotas, and refuses what needs a restart", async () => {
  const reload = () => run(process.execPath, [MAIN, "reload", "--url", server.url, "--key", admin]);
  write({ weight: 3, maxQps: "1/min" });
  expect((await reload()).stdout).toBe("reloaded\n");
  expect((await call("GET", "/admin/tenants")).text).toContain(
    '"name":"acme","tier":"gold","weight":3',
  );
  const key = server.keys.get("acme")!;
  expect([await statusFor(key), await statusFor(key)]).toContain(429);
  write({ weight: 5, replicas: 2 });
  await expect(reload()).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("pool 'shared' would get another replicas"),
  });
  expect((await call("GET", "/admin/tenants")).text).toContain('"weight":3');
  write({ weight: 3 });
  await reload();
  expect(await statusFor(key)).toBe(200);
});

test("a broken file on disk hinders no key, and an edit counts from the reload on", async () => {
  write({ maxQps: "1/min" });
  const { status, text } = await call("POST", "/admin/keys", { tenant: "acme" });
  expect(status).toBe(201);
  const { id, key }: { id: string; key: string } = JSON.parse(text);
  expect([await statusFor(key), await statusFor(key)]).toEqual([200, 200]);
  writeFileSync(file, "broken: [");
  expect((await call("DELETE", `/admin/keys/${id}`)).status).toBe(204);
  expect(await statusFor(key)).toBe(401);
  expect((await call("POST", "/admin/reload")).status).toBe(400);
  write({});
});

test("a key that is over hands nothing on, and no end is taken that cannot be kept", async () => {
  const make = async (): Promise<{ id: string; key: string }> =>
    JSON.parse((await call("POST", "/admin/keys", { tenant: "acme" })).text);
  const { id } = await make();
  for (const graceSeconds of [1e15, 1e300, -1]) {
    const { status } = await call("POST", `/admin/keys/${id}/rotate`, { graceSeconds });
    expect(status).toBe(400);
  }
  const past = { tenant: "acme", expires: "2020-01-01T00:00:00Z" };
  expect((await call("POST", "/admin/keys", past)).status).toBe(400);
  expect((await call("POST", `/admin/keys/${id}/rotate`, { graceSeconds: 0.0005 })).status).toBe(
    200,
  );
  const other = await make();
  expect((await call("DELETE", `/admin/keys/${other.id}`)).status).toBe(204);
  expect((await call("POST", `/admin/keys/${other.id}/rotate`)).status).toBe(409);
  expect((await call("GET", "/admin/keys")).status).toBe(200);
});

test("a start that fails ends, and a later one still shows the keys", {
  timeout: 60_000,
}, async () => {
  const store = join(folder, "second.db");
  const { port } = new URL(server.url);
  const args = ["serve", file, "--storage", store, "--listen"];
  await expect(
    run(process.execPath, [MAIN, ...args, `127.0.0.1:${port}`], { timeout: 20_000 }),
  ).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("choose with --listen") });
  const nowhere = join(folder, "nowhere", "keys.json");
  await expect(
    run(process.execPath, [MAIN, ...args, "127.0.0.1:0", "--keys", nowhere], { timeout: 20_000 }),
  ).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(nowhere) });
  const second = await serve(file, ["--storage", store]);
  expect(second.keys.get("administrator")).toMatch(/^sk-tenantry-/u);
  expect(await end(second, "SIGTERM")).toBe(0);
});
