/** Who may find whose cached prefix: the same tenant and adapter, or the same pool where that shares, and nobody else. */
import { expect, test } from "vitest";
import { Tenants, prefixKeyOf } from "../../../src/engine/tenant.ts";
import { scenarioOf } from "../../support/scenario.ts";

const POOL = { model: "llama-3.1-8b", precision: "fp8", gpu: "h100-sxm", replicas: 1 };
const ADAPTERS = { one: { rank: 8 }, two: { rank: 8 } };

/** Two pools that share among tenants and one that does not; two tenants in all of them, with two adapters each. */
const { platform } = scenarioOf({
  version: 2,
  name: "keys",
  platform: {
    pools: {
      apart: POOL,
      open: { ...POOL, model: "qwen2.5-7b", prefixSharing: "pool" },
      other: { ...POOL, model: "qwen3-8b", prefixSharing: "pool" },
      off: { ...POOL, model: "mistral-7b", enablePrefixCaching: false },
    },
    tenants: {
      acme: { tier: "gold", pools: ["apart", "open", "other", "off"], adapters: ADAPTERS },
      bravo: { tier: "gold", pools: ["apart", "open", "other", "off"], adapters: ADAPTERS },
    },
  },
});
const SEGMENTS = [{ id: 1, tokens: Infinity }];

function saltOf(tenant: number, pool: number, adapter: number | undefined): number | undefined {
  const { list } = new Tenants(platform);
  const submission = { origin: 0, tenant, pool, adapter, promptTokens: 9, maxOutputTokens: 9 };
  const segmented = { ...submission, segments: SEGMENTS };
  return prefixKeyOf(segmented, list[tenant]!, platform.pools[pool]!)?.salt;
}

test("salts are equal for those who may share, whichever replica they meet on, and different for all others", () => {
  const groups = new Map<number | undefined, Set<string>>();
  for (const tenant of [0, 1]) {
    for (const pool of [0, 1, 2]) {
      for (const adapter of [undefined, 0, 1]) {
        const salt = saltOf(tenant, pool, adapter);
        const base = pool === 0 ? `tenant ${tenant}` : `pool ${pool}`;
        const whose = adapter === undefined ? base : `adapter ${tenant}/${adapter}`;
        groups.set(salt, (groups.get(salt) ?? new Set()).add(whose));
      }
    }
  }
  // Two tenants, two pools that share, and four adapters: each a salt of its own.
  expect(groups.size).toBe(8);
  for (const whose of groups.values()) expect(whose.size).toBe(1);
});

test("without caching, or without an identity, there is no key", () => {
  expect(saltOf(0, 3, undefined)).toBeUndefined();
  const [tenant] = new Tenants(platform).list;
  const anonymous = { origin: 0, tenant: 0, pool: 0, adapter: undefined };
  const submission = { ...anonymous, promptTokens: 9, maxOutputTokens: 9 };
  expect(prefixKeyOf(submission, tenant!, platform.pools[0]!)).toBeUndefined();
});
