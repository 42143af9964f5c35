/** requests.csv: one line per attempt, written as the run goes so that its length costs no memory. */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { latencyNs } from "../engine/sla/latency.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { RequestRecord } from "../sim/simulate.ts";
import { written } from "./output.ts";

const COLUMNS = [
  "request",
  "client",
  "tenant",
  "tier",
  "pool",
  "arrival_s",
  "attempt",
  "prompt_tokens",
  "output_tokens",
  "outcome",
  "reason",
  "queue_ms",
  "ttft_ms",
  "tpot_ms",
  "e2e_ms",
  "preemptions",
  "gpu_nano_usd",
];
const FLUSH_LINES = 4096;

export class RequestsCsv {
  readonly #path: string;
  readonly #file: number;
  readonly #scenario: Scenario;
  #lines: string[] = [COLUMNS.join(",")];

  /** Written beside its place, and moved there by `finish`: a run that is cut short leaves no half file of that name. */
  constructor(path: string, scenario: Scenario) {
    this.#path = path;
    this.#file = written(path, () => openSync(`${path}.part`, "w"));
    this.#scenario = scenario;
  }

  write(record: RequestRecord): void {
    const { platform, clients } = this.#scenario;
    const { sent, request, nowNs } = record;
    const client = clients[sent.client]!;
    const tenant = platform.tenants[client.tenant]!;
    const isComplete = record.outcome === "completed";
    const ms = (metric: "queue" | "ttft" | "tpot" | "e2e"): string => {
      const ns =
        isComplete && request !== undefined ? latencyNs(metric, request, nowNs) : undefined;
      return ns === undefined ? "" : String(ns / 1e6);
    };
    const cells = [
      request === undefined ? "" : `r-${request.number}`,
      quote(client.name),
      quote(tenant.name),
      quote(platform.tiers[tenant.tier]!.name),
      quote(platform.pools[client.pool]!.name),
      sent.arrival.timeNs / 1e9,
      sent.arrival.attempt,
      sent.arrival.promptTokens,
      request?.outputTokens ?? 0,
      record.outcome,
      record.reason ?? "",
      ms("queue"),
      ms("ttft"),
      ms("tpot"),
      ms("e2e"),
      request?.preemptions ?? 0,
      request?.gpuNanoUsd ?? 0,
    ];
    this.#lines.push(cells.join(","));
    if (this.#lines.length >= FLUSH_LINES) this.#flush();
  }

  finish(): void {
    this.#flush();
    written(this.#path, () => {
      closeSync(this.#file);
      renameSync(`${this.#path}.part`, this.#path);
    });
  }

  #flush(): void {
    const text = `${this.#lines.join("\n")}\n`;
    if (this.#lines.length > 0) written(this.#path, () => writeSync(this.#file, text));
    this.#lines = [];
  }
}

/** A cell that spreadsheets read as the text it is. */
function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
