/** A real `tenantry serve` in a process of its own, over a store on disk: started, asked, and ended in every way. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { MAIN } from "../../support/command.ts";

export interface ServeProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Keys by tenant, and `administrator`; only of the first start over a store. */
  readonly keys: ReadonlyMap<string, string>;
}

/** Resolves when it listens. */
export async function serve(
  scenario: string,
  options: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServeProcess> {
  const child = spawn(
    process.execPath,
    [MAIN, "serve", scenario, "--listen", "127.0.0.1:0", "--log-level", "warn", ...options],
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...environment } },
  );
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  for await (const line of reader) {
    lines.push(line);
    // The last line of the welcome, with keys and without.
    if (line.includes('"messages":') || line.startsWith("keys: ")) break;
  }
  const url = /(https?:\/\/[^/\s]+)\/v1/.exec(lines.join("\n"))?.[1];
  if (url === undefined) throw new Error(`the server did not start: ${lines.join("\n")}`);
  const keys = new Map(
    lines.flatMap((line) => {
      const match = /^ {2}(\S+) +(sk-tenantry-\S+)$/.exec(line);
      return match === null ? [] : [[match[1]!, match[2]!]];
    }),
  );
  return { child, url, keys };
}

/** Sends the signal and waits for the end; returns the exit code, null when the signal ended it. */
export async function end(server: ServeProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(server.child, "exit");
  server.child.kill(signal);
  const [code] = await exited;
  return typeof code === "number" ? code : null;
}
