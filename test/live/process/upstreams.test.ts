/**
 * A Tenantry in front of real model servers, one of which is killed under load: whatever had sent no token yet is served by the
 * other, and what had is told the truth. With llama.cpp beside a Tenantry where TENANTRY_TEST_LLAMA_CPP names a Python that has
 * xllamacpp, gguf and numpy (see CONTRIBUTING.md).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { end, type ServeProcess, serve } from "./serve-process.ts";
import { SLOTS, startLlamaCpp, startTenantry, type UpstreamServer } from "./upstream-servers.ts";

const CLIENTS = 24;
const REQUESTS = 240;
const KILL_AFTER = 60;
const OUTPUT_TOKENS = 40;

let folder: string;
let upstreams: UpstreamServer[] = [];
let front: ServeProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tenantry-upstreams-"));
});

afterEach(async () => {
  if (front !== undefined) expect(await end(front, "SIGTERM")).toBe(0);
  front = undefined;
  for (const upstream of upstreams) await upstream.kill();
  upstreams = [];
  rmSync(folder, { recursive: true, force: true });
});

async function startFront(): Promise<ServeProcess> {
  const file = join(folder, "front.json");
  const scenario = {
    version: 2,
    name: "front",
    platform: {
      pools: {
        shared: {
          model: "llama-3.1-8b",
          gpu: "h100-sxm",
          replicas: upstreams.length,
          maxNumSeqs: SLOTS,
        },
      },
      tenants: { acme: { tier: "gold" } },
    },
    workload: {},
    serve: {
      backend: "openai",
      storage: join(folder, "front.db"),
      upstreams: {
        shared: upstreams.map(({ url, model, engine, key }, index) => ({
          url,
          model,
          engine,
          ...(key !== undefined && { keyVariable: `UPSTREAM_KEY_${index}` }),
        })),
      },
    },
  };
  writeFileSync(file, JSON.stringify(scenario));
  const keys = upstreams.flatMap(({ key }, index) =>
    key === undefined ? [] : [[`UPSTREAM_KEY_${index}`, key] as const],
  );
  return serve(file, [], Object.fromEntries(keys));
}

type Fate = "whole" | "cut" | "failed";

/** One stream, and what became of it: whole, cut after some of it, or failed without any. */
async function ask({ url, keys }: ServeProcess): Promise<Fate> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${keys.get("acme")!}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      model: "llama-3.1-8b",
      messages: [{ role: "user", content: "Say something." }],
      max_tokens: OUTPUT_TOKENS,
      stream: true,
    }),
  });
  const text = await response.text();
  if (text.includes("data: [DONE]")) return "whole";
  if (!text.includes('"content":')) return "failed";
  expect(text).toContain('"error":');
  return "cut";
}

/** Has clients ask until enough is asked, kills the first upstream in the midst of it, and counts fates. */
async function killUnderLoad(): Promise<Record<Fate, number>> {
  front = await startFront();
  const server = front;
  const fates: Record<Fate, number> = { whole: 0, cut: 0, failed: 0 };
  let asked = 0;
  let over = 0;
  let killed: Promise<void> | undefined;
  const client = async (): Promise<void> => {
    while (asked < REQUESTS) {
      asked += 1;
      fates[await ask(server)] += 1;
      over += 1;
      if (over >= KILL_AFTER) killed ??= upstreams[0]!.kill();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await killed;
  return fates;
}

function expectSurvival(what: string, fates: Record<Fate, number>): void {
  console.info(
    `${what}: ${fates.whole} whole, ${fates.cut} cut in the midst, ${fates.failed} failed without a token`,
  );
  expect(fates.failed).toBe(0);
  // Nobody is cut but those who ran where it was killed.
  expect(fates.cut).toBeLessThanOrEqual(SLOTS);
  expect(fates.whole).toBe(REQUESTS - fates.cut);
}

test("one of two Tenantrys is killed under load", { timeout: 120_000 }, async () => {
  upstreams = [await startTenantry(folder, "first"), await startTenantry(folder, "second")];
  expectSurvival("a Tenantry killed beside another", await killUnderLoad());
});

const python = process.env["TENANTRY_TEST_LLAMA_CPP"];
if (python === undefined) {
  console.info(
    "not run: tests against llama.cpp; TENANTRY_TEST_LLAMA_CPP names no Python (see CONTRIBUTING.md)",
  );
}

describe.skipIf(python === undefined)("beside llama.cpp", () => {
  test("llama.cpp is killed under load", { timeout: 120_000 }, async () => {
    upstreams = [await startLlamaCpp(folder, python!), await startTenantry(folder, "second")];
    expectSurvival("llama.cpp killed beside a Tenantry", await killUnderLoad());
  });

  test("a Tenantry is killed under load", { timeout: 120_000 }, async () => {
    upstreams = [await startTenantry(folder, "first"), await startLlamaCpp(folder, python!)];
    expectSurvival("a Tenantry killed beside llama.cpp", await killUnderLoad());
  });
});
