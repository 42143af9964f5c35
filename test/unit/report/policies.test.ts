/** A comparison of policies: figures by hand, words that say what was found, and tables that fit a terminal. */
import { describe, expect, test } from "vitest";
import { policiesReport, policiesTables } from "../../../src/report/policies/forms.ts";
import {
  comparePolicies,
  type PolicySetting,
  type PolicySide,
} from "../../../src/report/policies/policies.ts";
import { policyHeadline, policyNotes, sharedGpusText } from "../../../src/report/policies/words.ts";
import { tableWidth } from "../../../src/report/summary.ts";
import { reportMarkdown } from "../../../src/report/report.ts";
import type { Results } from "../../../src/results/results.ts";
import type { Smallest } from "../../../src/results/smallest.ts";
import { exampleResults } from "./fixture.ts";

const base = exampleResults();

const SETTING: PolicySetting = {
  seeds: [1, 2],
  sharedGpus: 16,
  otherGpus: 5,
  mostGpus: 64,
  dependentClients: [],
  hasFaults: false,
};

function found(gpus: number): Smallest {
  return { kind: "found", replicas: [gpus], gpus };
}

function side(name: string, smallest?: Smallest, runs: readonly Results[] = [base]): PolicySide {
  return { name, runs, smallest, pools: ["shared"] };
}

function withPlatform(change: Partial<Results["platform"]>): Results {
  return { ...base, platform: { ...base.platform, ...change } };
}

describe("figures", () => {
  test("are means over the replications, and of promises and fairness the worst", () => {
    const fairness = {
      ...base.fairness,
      jainIndex: 0.9,
      maxWeightedServiceGap: 50,
      serviceGapBound: 100,
    };
    const worse = { ...fairness, jainIndex: 0.7, maxWeightedServiceGap: 30, serviceGapBound: 40 };
    const met = {
      ...base.tiers[0]!,
      sla: { ...base.tiers[0]!.sla, verdict: "met" as const, goodputPerS: 10 },
    };
    const missed = { ...met, sla: { ...met.sla, verdict: "missed" as const, goodputPerS: 4 } };
    const runs = [
      {
        ...withPlatform({ recomputedGpuSeconds: 3, usdPerMillionTokens: 0.5 }),
        fairness,
        tiers: [met],
      },
      {
        ...withPlatform({ recomputedGpuSeconds: 5, usdPerMillionTokens: 0.7 }),
        fairness: worse,
        tiers: [missed],
      },
    ];
    const { policies } = comparePolicies([side("vtc", found(8), runs)], SETTING);
    expect(policies[0]).toMatchObject({
      name: "vtc",
      jainIndex: 0.7,
      serviceGap: 30,
      serviceGapBound: 40,
      recomputedGpuSeconds: 4,
      totalGpus: 13,
    });
    expect(policies[0]!.usdPerMillionTokens).toBeCloseTo(0.6, 12);
    expect(policies[0]!.tiers).toHaveLength(1);
    expect(policies[0]!.tiers[0]).toMatchObject({ verdict: "missed", goodputPerS: 7 });
  });

  test("are null, and never 0, for a partition that cannot run", () => {
    const sides = [side("fcfs", found(4)), side("static-partition", found(5), [])];
    const { policies } = comparePolicies(sides, SETTING);
    expect(policies[1]).toMatchObject({
      isRun: false,
      preemptions: null,
      busy: null,
      totalGpus: 10,
    });
    expect(policies[1]!.tiers[0]).toMatchObject({ verdict: "not-enough-data", goodputPerS: null });
    const csv = policiesReport(comparePolicies(sides, SETTING)).csv().split("\r\n");
    expect(csv[0]).toMatch(/^policy,gold_sla,gold_compliance_owed,.*,smallest_replicas$/);
    expect(csv[2]).toMatch(/^static-partition,,,,,.*,found,5,10,shared 5$/);
  });
});

function headline(...sides: readonly PolicySide[]): string {
  return policyHeadline(comparePolicies(sides, SETTING));
}

describe("words", () => {
  test("who needs least, and what a partition takes", () => {
    const both = headline(
      side("fcfs", found(9)),
      side("vtc", found(8)),
      side("static-partition", found(11)),
    );
    expect(both).toMatch(
      /^vtc keeps every promise with 8 shared GPUs; a static partition takes 11\./,
    );
    expect(headline(side("fcfs", found(8)), side("vtc", found(8)))).toMatch(/^Every policy keeps/);
  });

  test("nothing found, nothing searched", () => {
    const none: Smallest = { kind: "not-within", mostGpus: 64, tiers: ["gold"] };
    expect(headline(side("fcfs", none))).toMatch(/^No policy was found to keep every promise\./);
    expect(headline(side("fcfs"))).toMatch(/^On the scenario's own 16 shared GPUs/);
    const [row] = comparePolicies([side("fcfs", none)], SETTING).policies;
    expect(sharedGpusText(row!)).toBe("not within 64");
    expect(
      reportMarkdown(policiesReport(comparePolicies([side("fcfs", none)], SETTING))),
    ).toContain("even then missed: gold");
  });

  test("clients that depend on how they are served are named", () => {
    const comparison = comparePolicies([side("fcfs")], { ...SETTING, dependentClients: ["chat"] });
    expect(policyNotes(comparison).join(" ")).toMatch(/Not the same for all: chat/);
    expect(policyNotes(comparePolicies([side("fcfs")], SETTING)).join(" ")).not.toMatch(
      /Not the same/,
    );
  });
});

test("every table fits 80 columns", () => {
  const names = ["fcfs", "strict-priority", "tier-share", "vtc", "slo-fair", "static-partition"];
  const busy = withPlatform({ recomputedGpuSeconds: 123.456, usdPerMillionTokens: 0.123456 });
  const none: Smallest = { kind: "not-within", mostGpus: 100_000, tiers: ["gold", "silver"] };
  const comparison = comparePolicies(
    names.map((name) => side(name, none, [busy])),
    SETTING,
  );
  for (const { head, rows } of policiesTables(comparison)) {
    expect(tableWidth([head, ...rows])).toBeLessThanOrEqual(80);
  }
});
