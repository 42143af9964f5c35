/** Real model servers to stand behind a Tenantry: another Tenantry, and llama.cpp where it is installed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { end, serve } from "./serve-process.ts";

/** Requests at once that each of them runs. */
export const SLOTS = 8;

export interface UpstreamServer {
  /** Ending in /v1. */
  readonly url: string;
  readonly model: string;
  readonly engine: "tenantry" | "llama.cpp";
  readonly key: string | undefined;
  /** As by kill -9. */
  kill(): Promise<void>;
}

/** A `tenantry serve` of its own, paced by simulated replicas. */
export async function startTenantry(folder: string, name: string): Promise<UpstreamServer> {
  const file = join(folder, `${name}.json`);
  const model = "llama-3.1-8b";
  const pool = {
    model,
    gpu: "h100-sxm",
    replicas: 1,
    maxNumSeqs: SLOTS,
    stepTime: { fixed: "4ms" },
  };
  const scenario = {
    version: 2,
    name,
    platform: { pools: { shared: pool }, tenants: { gateway: { tier: "gold" } } },
    workload: {},
    serve: { storage: join(folder, `${name}.db`) },
  };
  writeFileSync(file, JSON.stringify(scenario));
  const server = await serve(file);
  return {
    url: `${server.url}/v1`,
    model,
    engine: "tenantry",
    key: server.keys.get("gateway")!,
    async kill() {
      if (server.child.exitCode === null && server.child.signalCode === null) {
        await end(server, "SIGKILL");
      }
    },
  };
}

/** llama.cpp's own server with a tiny model of random weights; `python` has the packages that llama-cpp/ asks for. */
export async function startLlamaCpp(folder: string, python: string): Promise<UpstreamServer> {
  const model = join(folder, "tiny.gguf");
  const programs = join(import.meta.dirname, "llama-cpp");
  const made = spawn(python, [join(programs, "tiny_model.py"), model], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(made, "exit");
  if (code !== 0) throw new Error(`tiny_model.py ended with ${String(code)}`);
  const child = spawn(python, [join(programs, "server.py"), model, String(SLOTS)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [url] = await once(createInterface({ input: child.stdout }), "line");
  return {
    url: `${String(url)}/v1`,
    model: "tiny",
    engine: "llama.cpp",
    key: undefined,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
