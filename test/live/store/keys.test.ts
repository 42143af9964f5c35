/** Keys: what they look like, what is kept of them, whose they are, and when that changes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { KeyRing, newKey } from "../../../src/live/keys.ts";
import { openStore } from "../../../src/live/store/open-store.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BY = { who: "test", atMs: 1 };

test("a key is 32 random bytes behind a prefix; its label gives nothing away but its end", () => {
  const made = Array.from({ length: 100 }, () =>
    newKey({ tenant: "a", createdMs: 1, expiresMs: undefined }),
  );
  expect(new Set(made.map(({ key }) => key)).size).toBe(100);
  expect(new Set(made.map(({ stored }) => stored.id)).size).toBe(100);
  for (const { key, stored } of made) {
    expect(key).toMatch(/^sk-tenantry-[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(key.slice("sk-tenantry-".length), "base64url")).toHaveLength(32);
    expect(stored.hash).toBe(createHash("sha256").update(key).digest("hex"));
    expect(stored.label).toBe(`sk-tenantry-...${key.slice(-4)}`);
  }
});

test("a ring knows whose key it is, and after a refresh what has changed", async () => {
  const store = await openStore({ storage: join(folder, "ring.db"), durability: "process" });
  let nowMs = 1000;
  const ours = newKey({ tenant: "a", createdMs: 1, expiresMs: 2000 });
  const admin = newKey({ tenant: undefined, createdMs: 1, expiresMs: undefined });
  await store.admin.createKey(ours.stored, BY);
  await store.admin.createKey(admin.stored, BY);
  const ring = await KeyRing.load(store, () => nowMs);
  expect(ring.size).toBe(2);
  expect(ring.find(ours.key)).toEqual({ keyId: ours.stored.id, tenant: "a", isSuspended: false });
  expect(ring.find(admin.key)).toEqual({ keyId: admin.stored.id, admin: true });
  for (const stranger of [
    "",
    "sk-tenantry-",
    `${ours.key}A`,
    ours.key.slice(0, -1),
    ours.stored.hash,
  ]) {
    expect(ring.find(stranger), stranger).toBeUndefined();
  }
  const other = newKey({ tenant: "b", createdMs: 1, expiresMs: undefined });
  expect(ring.find(other.key)).toBeUndefined();

  await store.admin.setSuspended("a", true, BY);
  await store.admin.createKey(other.stored, BY);
  await store.admin.revokeKey(admin.stored.id, BY);
  expect(ring.find(admin.key)).toMatchObject({ admin: true });
  await ring.refresh();
  expect(ring.find(ours.key)).toMatchObject({ isSuspended: true });
  expect(ring.find(other.key)).toMatchObject({ tenant: "b", isSuspended: false });
  expect(ring.find(admin.key)).toMatchObject({ refused: "revoked" });
  nowMs = 2000;
  expect(ring.find(ours.key)).toMatchObject({ refused: "expired" });

  await store.close();
  await expect(ring.refresh()).rejects.toThrow();
  expect(ring.find(other.key)).toMatchObject({ tenant: "b" });
  const bytes = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
  expect(bytes.some((text) => text.includes(ours.stored.hash))).toBe(true);
  expect(bytes.some((text) => text.includes(ours.key.slice(-43)))).toBe(false);
});
