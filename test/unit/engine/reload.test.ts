/** What a running platform may become, and what it refuses whole with its reason. */
import { expect, test } from "vitest";
import { reloadRefusal } from "../../../src/engine/reload.ts";
import { scenarioOf } from "../../support/scenario.ts";

const FILE = {
  version: 2,
  name: "reload",
  platform: {
    tiers: { gold: { weight: 5 }, bronze: { weight: 1 } },
    pools: {
      shared: { model: "llama-3.1-8b", gpu: "h100-sxm", replicas: 2, adapterMemory: "2GiB" },
      own: {
        model: "llama-3.1-70b",
        precision: "fp8",
        tensorParallel: 2,
        gpu: "h100-sxm",
        replicas: 1,
        dedicatedTo: "acme",
        adapterMemory: "2GiB",
      },
    },
    tenants: {
      acme: { tier: "gold", pools: ["own", "shared"], adapters: { a: { rank: 8 } } },
      birch: { tier: "bronze", pools: "shared" },
    },
  },
  workload: {},
};

type Patch = Readonly<Record<string, unknown>>;

function isPatch(value: unknown): value is Patch {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function merged(base: unknown, patch: Patch): Patch {
  const result: Record<string, unknown> = isPatch(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    result[key] = isPatch(value) ? merged(result[key], value) : value;
  }
  return result;
}

const platformWith = (patch: Patch) => scenarioOf(merged(FILE, { platform: patch })).platform;
const current = platformWith({});
const another = { model: "llama-3.1-8b", precision: "fp8", gpu: "h100-sxm", replicas: 1 };

test.each([
  [{ tiers: { gold: { weight: 9 } }, policy: "vtc" }],
  [{ tenants: { birch: { tier: "gold", quotas: { maxQps: "3/s" } } } }],
  [{ pools: { shared: { tierShares: { gold: "10%", bronze: "20%" }, borrowing: false } } }],
  [{ tenants: { cedar: { tier: "bronze", pools: "shared" } } }],
  [{ prices: { inputTokens: "$1/1M" } }],
])("%j may change while the server runs", (patch) => {
  expect(reloadRefusal(current, platformWith(patch))).toBeUndefined();
});

test.each([
  [{ pools: { shared: { replicas: 3 } } }, "pool 'shared' would get another replicas"],
  [{ pools: { shared: { gpu: "h200" } } }, "pool 'shared' would get another"],
  [{ pools: { more: { ...another, dedicatedTo: "birch" } } }, "pool 'more' is new"],
  [{ tiers: { tin: { weight: 1 } } }, "tier 'tin' is new"],
  [
    { tenants: { acme: { adapters: { b: { rank: 4 } } } } },
    "tenant 'acme' would get other adapters",
  ],
  [{ tenants: { acme: { pools: "own" } } }, "tenant 'acme' would lose a pool"],
])("%j is refused: %s", (patch, reason) => {
  expect(reloadRefusal(current, platformWith(patch))).toContain(reason);
});

test("a tenant that is gone, or has another place, is refused", () => {
  const [acme, birch] = current.tenants;
  expect(reloadRefusal(current, { ...current, tenants: [acme!] })).toContain(
    "tenant 'birch' is gone",
  );
  expect(reloadRefusal(current, { ...current, tenants: [birch!, acme!] })).toContain(
    "tenant 'acme'",
  );
});

const scaling = (change: Patch = {}) =>
  platformWith({ pools: { shared: { autoscale: { min: 1, max: 2, ...change } } } });

test("a pool's thresholds and least may change while it runs; whether it scales and how long it boots may not", () => {
  expect(reloadRefusal(scaling(), scaling({ min: 2, scaleOutAbove: 0.9 }))).toBeUndefined();
  expect(reloadRefusal(current, scaling())).toBe(
    "pool 'shared' would begin or cease to autoscale; that needs a restart",
  );
  expect(reloadRefusal(scaling(), scaling({ provisioningDelay: "5s" }))).toBe(
    "pool 'shared' would get another provisioningDelay; that needs a restart",
  );
  expect(reloadRefusal(scaling(), scaling({ max: 3 }))).toBe(
    "pool 'shared' would get another replicas; that needs a restart",
  );
});
