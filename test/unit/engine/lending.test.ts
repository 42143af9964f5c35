/** Lending of dedicated replicas: who may borrow, how fast owners get their replicas back, and who pays. */
import { describe, expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";

/** Steps of exactly 10 ms; one replica of the owner, one shared. */
const POOL =
  "model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, maxNumSeqs: 16, maxNumBatchedTokens: 512, adapterMemory: 1GiB, stepTime: { fixed: 10ms }";

function file(given: {
  readonly lend?: boolean;
  readonly policy?: string;
  readonly owner: string;
  readonly borrower: string;
  readonly more?: string;
}): string {
  return `
version: 2
name: lending
platform:
  policy: { name: ${given.policy ?? "slo-fair"}, maxPreemptions: 1 }
  pools:
    own: { ${POOL}, dedicatedTo: boss, lend: ${given.lend ?? true} }
    shared: { ${POOL} }
  tenants:
    boss: { tier: gold, adapters: { tuned: { size: 600MiB } } }
    guest: { tier: bronze, adapters: { a: { size: 600MiB }, b: { size: 600MiB } } }
workload:
  boss: { ${given.owner} }
  guest: { ${given.borrower} }
simulation: { duration: 20s, seed: 1, audit: { requests: 0 } }
${given.more ?? ""}`;
}

const GUESTS =
  "arrivals: { process: closed-loop, users: 100, think: 0s }, promptTokens: 8, outputTokens: 50";
const NOBODY = "arrivals: { process: constant, rate: 0.001/s }, promptTokens: 8, outputTokens: 5";

describe("an idle dedicated replica", () => {
  test.each(["fcfs", "strict-priority", "tier-share", "vtc", "slo-fair"])(
    "nearly doubles what %s serves of the shared pool's backlog when it is lent, and nothing when it is not",
    (policy) => {
      const served = (lend: boolean) => {
        const { records } = simulate(
          scenarioOf(file({ lend, policy, owner: NOBODY, borrower: GUESTS })),
        );
        return records.filter(({ nowNs }) => nowNs <= 20e9).length;
      };
      // 16 slots of its own, and 15 of the lender's 16: one sixteenth stays free for the owner.
      expect(served(true) / served(false)).toBeCloseTo(31 / 16, 1);
    },
  );

  test("is the owner's again within one step boundary, however many he needs at once", () => {
    // Eight at the same instant, once a second, in the midst of a step: one slot is free, seven borrowers must leave.
    const owner =
      "arrivals: { process: on-off, onRate: 3000/s, meanOn: 3ms, meanOff: 1s }, promptTokens: 8, outputTokens: 30";
    const { records } = simulate(scenarioOf(file({ owner, borrower: GUESTS })), {
      afterEvent(engine) {
        const waiting = engine.schedulers[0]!.queuedRequests;
        const [own] = engine.replicas;
        const leaving = own!.bound.filter((request) => request?.state === "evicting").length;
        expect(leaving).toBeGreaterThanOrEqual(Math.min(waiting, own!.borrowerCount));
      },
    });
    const own = records.filter(({ request }) => request?.tenant === 0);
    const others = records.filter(({ request }) => request?.tenant === 1);
    expect(others.filter(({ request }) => request!.preemptions > 0).length).toBeGreaterThan(10);
    // The rest of a step, then one's own, as long as the owner himself does not fill all slots.
    let prompt = 0;
    for (const { request } of own) {
      const { arrivalNs, firstTokenNs, number } = request!;
      const inFlight = own.filter(
        (other) => other.request!.number < number && other.nowNs > arrivalNs,
      );
      if (inFlight.length >= 16) continue;
      prompt += 1;
      expect(firstTokenNs - arrivalNs).toBeLessThanOrEqual(20e6);
    }
    expect(prompt).toBeGreaterThan(50);
  });

  test("takes no borrower while the owner computes a prompt there", () => {
    const owner =
      "arrivals: { process: constant, rate: 10/s }, promptTokens: 2000, outputTokens: 1";
    let borrowersBefore = 0;
    let prompts = 0;
    simulate(scenarioOf(file({ owner, borrower: GUESTS })), {
      afterEvent(engine) {
        const { ownPendingPromptTokens, borrowerCount } = engine.replicas[0]!;
        if (ownPendingPromptTokens > 0) {
          prompts += 1;
          expect(borrowerCount).toBeLessThanOrEqual(borrowersBefore);
        }
        borrowersBefore = borrowerCount;
      },
    });
    expect(prompts).toBeGreaterThan(100);
  });

  test("computes its owner's prompts before those of borrowers, however long these are", () => {
    const owner = "arrivals: { process: poisson, rate: 5/s }, promptTokens: 200, outputTokens: 20";
    const guests =
      "arrivals: { process: closed-loop, users: 8, think: 0s }, promptTokens: 20000, outputTokens: 50";
    let longest = 0;
    const { records } = simulate(scenarioOf(file({ owner, borrower: guests })), {
      afterEvent(engine) {
        const [own] = engine.replicas;
        const borrowed = own!.pendingPromptTokens - own!.ownPendingPromptTokens;
        if (own!.ownPendingPromptTokens > 0) longest = Math.max(longest, borrowed);
      },
    });
    // They did meet there.
    expect(longest).toBeGreaterThanOrEqual(20_000);
    for (const { request } of records) {
      if (request!.tenant !== 0) continue;
      expect(request!.firstTokenNs - request!.arrivalNs).toBeLessThanOrEqual(20e6);
      expect(request!.preemptions).toBe(0);
    }
  });

  test("makes room for an adapter of its owner's that is not there yet", () => {
    const borrower = `${GUESTS}, adapters: { a: 50%, b: 50% }`;
    // The owner first comes at another point of the borrowers' steps and loads each time.
    for (const rate of [0.4, 0.501, 0.66, 0.8, 2, 7, 31, 60]) {
      const owner = `arrivals: { process: constant, rate: ${rate}/s }, promptTokens: 8, outputTokens: 5, adapters: { tuned: 100% }`;
      const { records } = simulate(scenarioOf(file({ owner, borrower })));
      const first = records.find(({ request }) => request!.tenant === 0)!.request!;
      // The rest of a step, two loads of 10 ms (a borrower's may be under way), the rest of a step, and one's own.
      expect(first.firstTokenNs - first.arrivalNs).toBeLessThanOrEqual(50e6);
    }
  });

  test("sends borrowers home at once that wait for their adapter to load", () => {
    // Six GiB take a tenth of a second to load; until then all borrowers wait for it.
    const slow = file({
      owner: "arrivals: { process: constant, rate: 100/s }, promptTokens: 8, outputTokens: 30",
      borrower: `${GUESTS}, adapters: { a: 100% }`,
    })
      .replaceAll("adapterMemory: 1GiB", "adapterMemory: 7GiB")
      .replace("a: { size: 600MiB }", "a: { size: 6GiB }");
    let loading = 0;
    const { records } = simulate(scenarioOf(slow), {
      afterEvent(engine, nowNs) {
        if (nowNs > 20e6) return;
        const { bound } = engine.replicas[0]!;
        loading = Math.max(loading, bound.filter((one) => one?.state === "loading").length);
      },
    });
    expect(loading).toBe(15);
    const early = records.filter(
      ({ request }) => request!.tenant === 0 && request!.arrivalNs < 9e7,
    );
    expect(early.length).toBe(8);
    for (const { request } of early) {
      expect(request!.firstTokenNs - request!.arrivalNs).toBeLessThanOrEqual(20e6);
    }
  });

  test("keeps its owner's adapters, whatever borrowers bring", () => {
    const owner = `arrivals: { process: constant, rate: 1/s }, promptTokens: 8, outputTokens: 5, adapters: { tuned: 100% }`;
    const borrower = `${GUESTS}, adapters: { a: 50%, b: 50% }`;
    const { results } = simulate(scenarioOf(file({ owner, borrower })));
    const boss = results.tenants.find(({ name }) => name === "boss")!;
    expect(boss.adapterLoads).toBe(1);
  });

  test("costs its owner what he used and what nobody did; borrowers pay for the rest", () => {
    const owner = "arrivals: { process: poisson, rate: 4/s }, promptTokens: 8, outputTokens: 20";
    const { results, engine, poolEndsNs } = simulate(scenarioOf(file({ owner, borrower: GUESTS })));
    const { ledger } = engine;
    const lent = ledger.quantity(0, "lent");
    expect(lent).toBeGreaterThan(5e9);
    const busyAndIdle = ledger.quantity(0, "gpu") + ledger.quantity(0, "idle") + lent;
    const lost = ledger.replicaAccount(0).overheadNs + engine.replicas[0]!.meter.lostNs;
    expect(Math.abs(busyAndIdle + lost - poolEndsNs[0]!)).toBeLessThanOrEqual(2);
    expect(ledger.amount(0, "lent")).toBe(0);
    expect(results.tenants[0]!.cost.lentUsd).toBeCloseTo((lent / 3.6e12) * 4, 9);
  });
});

test("a request that was called in as often as it may be borrows no more", () => {
  const owner =
    "arrivals: { process: on-off, onRate: 3000/s, meanOn: 5ms, meanOff: 200ms }, promptTokens: 8, outputTokens: 30";
  const again = new Set<number>();
  simulate(scenarioOf(file({ owner, borrower: GUESTS })), {
    afterEvent(engine) {
      for (const request of engine.replicas[0]!.bound) {
        if (request?.tenant === 1 && request.preemptions >= 1) again.add(request.number);
      }
    },
  });
  expect([...again]).toEqual([]);
});

test("only a dedicated pool can lend", () => {
  expect(() =>
    scenarioOf(
      file({ owner: NOBODY, borrower: GUESTS }).replace("shared: {", "shared: { lend: true,"),
    ),
  ).toThrow("only a dedicated pool can lend");
});
