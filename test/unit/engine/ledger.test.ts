/** The ledger: entries, totals, and not a nanosecond or nano-dollar made or lost by rounding. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Charge } from "../../../src/engine/cost/charge.ts";
import { Ledger } from "../../../src/engine/cost/ledger.ts";
import { scenarioOf } from "../../support/scenario.ts";

const { platform } = scenarioOf({
  version: 2,
  name: "ledger",
  platform: {
    pools: { shared: { model: "llama-3.1-8b", gpu: "h100-sxm", replicas: 1, gpuHour: "$3600/h" } },
    tenants: { acme: { tier: "gold" }, birch: { tier: "silver" } },
    prices: { inputTokens: "$1/1M", cachedInputTokens: "$0.5/1M", outputTokens: "$2/1M" },
  },
  workload: {},
});

function ledgerWithEntries(): { ledger: Ledger; entries: Charge[] } {
  const entries: Charge[] = [];
  const ledger = new Ledger(platform, platform.pools, (_nowNs, charge) =>
    entries.push({ ...charge }),
  );
  return { ledger, entries };
}

test("tokens are charged by kind, and a bill is the sum of its entries", () => {
  const { ledger, entries } = ledgerWithEntries();
  const who = { tenant: 1, request: 7 };
  ledger.chargeTokens(5, who, { input: 100, cachedInput: 40, output: 30 });
  expect(entries).toEqual([
    { tenant: 1, request: 7, kind: "input", quantity: 100, amountNanoUsd: 100_000 },
    { tenant: 1, request: 7, kind: "cached-input", quantity: 40, amountNanoUsd: 20_000 },
    { tenant: 1, request: 7, kind: "output", quantity: 30, amountNanoUsd: 60_000 },
  ]);
  expect(ledger.amount(1, "output")).toBe(60_000);
  expect(ledger.amount(0, "output")).toBe(0);
});

describe("GPU time", () => {
  test("costs a nano-dollar per nanosecond at $3600 an hour, the platform's part apart", () => {
    const { ledger, entries } = ledgerWithEntries();
    const stay = { tenantPs: 5_000_400, overheadPs: 2_000_000, batchSharePs: 6_000_000 };
    expect(ledger.chargeStay(1, stay, { tenant: 0, request: 3, replica: 0 })).toBe(5000);
    expect(entries).toEqual([
      { tenant: 0, request: 3, kind: "gpu", quantity: 5000, amountNanoUsd: 5000 },
    ]);
    expect(ledger.replicaAccount(0)).toMatchObject({ chargedNs: 7000, overheadNs: 2000 });
    expect(ledger.batchShareNanoUsd(0)).toBe(6000);
  });

  test("adds up over any stays, with less than a nanosecond carried on", () => {
    const stay = fc.record({ tenantPs: fc.nat(9_999_999), overheadPs: fc.nat(9_999_999) });
    fc.assert(
      fc.property(fc.array(stay, { maxLength: 100 }), (stays) => {
        const { ledger, entries } = ledgerWithEntries();
        let ps = 0;
        for (const [index, one] of stays.entries()) {
          const who = { tenant: index % 2, request: index, replica: 0 };
          ledger.chargeStay(index, { ...one, batchSharePs: 0 }, who);
          ps += one.tenantPs + one.overheadPs;
        }
        const { chargedNs, carryNs, overheadNs, chargedNanoUsd } = ledger.replicaAccount(0);
        expect(Math.abs(carryNs)).toBeLessThanOrEqual(1);
        expect(chargedNs + carryNs).toBeCloseTo(ps / 1000, 6);
        const billedNs = entries.reduce((sum, { quantity }) => sum + quantity, 0);
        expect(billedNs + overheadNs).toBe(chargedNs);
        expect(chargedNanoUsd).toBe(Math.round(chargedNs * ledger.nanoUsdPerNs(0)));
      }),
      { seed: 3 },
    );
  });
});

test("idle time is spread by use to the last nanosecond, and stays with the platform where nobody used any", () => {
  const { ledger } = ledgerWithEntries();
  ledger.spreadIdle(1, [0, 1], { replica: 0, ns: 1000 });
  expect([ledger.quantity(0, "idle"), ledger.quantity(1, "idle")]).toEqual([0, 0]);
  const stay = { overheadPs: 0, batchSharePs: 0 };
  ledger.chargeStay(2, { ...stay, tenantPs: 1_000_000 }, { tenant: 0, request: 1, replica: 0 });
  ledger.chargeStay(2, { ...stay, tenantPs: 2_000_000 }, { tenant: 1, request: 2, replica: 0 });
  ledger.spreadIdle(3, [0, 1], { replica: 0, ns: 1000 });
  expect([ledger.quantity(0, "idle"), ledger.quantity(1, "idle")]).toEqual([333, 667]);
});
