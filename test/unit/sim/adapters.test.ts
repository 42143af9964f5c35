/** What could keep a request waiting for an adapter for ever, or for much too long. */
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";

const POOL = { model: "llama-3.1-8b", precision: "fp8", gpu: "h100-sxm", adapterMemory: "1GiB" };
const ADAPTER = { size: "1GiB" };
const steady = (rate: string) => ({ process: "constant", rate });

test("an adapter whose load ends with nobody waiting for it makes room for the next", () => {
  const { records } = simulate(
    scenarioOf({
      version: 2,
      name: "abandoned load",
      platform: {
        pools: { shared: { ...POOL, replicas: 1 } },
        tenants: {
          a: { tier: "gold", adapters: { x: ADAPTER } },
          b: { tier: "gold", adapters: { y: ADAPTER } },
        },
      },
      workload: {
        a: {
          arrivals: steady("1/s"),
          promptTokens: 100,
          outputTokens: 20,
          adapters: { x: "100%" },
          timeout: "5ms",
        },
        b: {
          arrivals: steady("0.999/s"),
          promptTokens: 100,
          outputTokens: 20,
          adapters: { y: "100%" },
        },
      },
      simulation: { duration: "1.5s" },
    }),
  );
  expect(records.map(({ outcome }) => outcome)).toEqual(["cancelled", "completed"]);
});

test("idle copies of an adapter on other replicas do not use up their tenant's GPU memory", () => {
  const { collector } = simulate(
    scenarioOf({
      version: 2,
      name: "copies",
      platform: {
        pools: { shared: { ...POOL, replicas: 2, maxNumSeqs: 2 } },
        tenants: {
          a: { tier: "gold", adapters: { x: ADAPTER }, quotas: { maxGpuMemory: "2.5GiB" } },
        },
      },
      workload: {
        many: {
          tenant: "a",
          arrivals: {
            process: "poisson",
            rate: "40/s",
            shapes: [{ ramp: { start: "5s", end: "5.001s", to: 0 } }],
          },
          promptTokens: 100,
          outputTokens: 200,
          adapters: { x: "100%" },
        },
        long: {
          tenant: "a",
          arrivals: steady("0.1/s"),
          promptTokens: 8000,
          outputTokens: 200,
          adapters: { x: "100%" },
        },
      },
      simulation: { duration: "11s" },
    }),
  );
  const [stats] = collector.tenants;
  expect(stats!.completed).toBe(stats!.arrived);
});

test("requests whose replica goes down during their adapter's load go to another at once", () => {
  const { records } = simulate(
    scenarioOf({
      version: 2,
      name: "crash in a load",
      platform: {
        pools: { shared: { ...POOL, replicas: 2 } },
        tenants: { a: { tier: "gold", adapters: { x: ADAPTER } } },
      },
      workload: {
        a: {
          arrivals: steady("1/s"),
          promptTokens: 100,
          outputTokens: 20,
          adapters: { x: "100%" },
        },
      },
      faults: [{ crash: { pool: "shared", replica: 0, at: "1.005s", downFor: "100s" } }],
      simulation: { duration: "1.5s" },
    }),
  );
  const { request } = records[0]!;
  expect(request!.crashes).toBe(1);
  expect((request!.firstTokenNs - request!.arrivalNs) / 1e6).toBeLessThan(200);
});
