/**
 * Runs a journal's inputs through a fresh engine and compares every decision with the one written down. A live run whose
 * journal replays to the end without a difference was decided by the engine alone: nothing of clocks, sockets or luck.
 */
import type { EngineEffects } from "../../engine/effects.ts";
import { Engine } from "../../engine/engine.ts";
import type { Request } from "../../engine/request.ts";
import type { LeaveReason } from "../../replica/port.ts";
import type { PlatformConfig } from "../../engine/config.ts";
import type { ScenarioSource } from "../inputs.ts";
import { type Line, admissionLine, decisionWriter, reloadLine } from "./lines.ts";
import { ReplayMeter } from "./replay-meter.ts";

export interface Difference {
  /** 1-based, in the journal. */
  readonly line: number;
  readonly recorded: string;
  readonly replayed: string;
}

export interface ReplayOutcome {
  readonly inputs: number;
  readonly decisions: number;
  readonly endNs: number;
  /** The first decision that came out otherwise; undefined when all agree. */
  readonly difference: Difference | undefined;
}

/** A journal that cannot be read: the line and what is wrong with it. */
export class JournalError extends Error {
  override name = "JournalError";
}

/** Turns the scenario of a `reload` line into a platform. */
export type LoadPlatform = (source: ScenarioSource) => PlatformConfig;

export class Replay {
  readonly #loadPlatform: LoadPlatform;
  readonly #engine: Engine<undefined>;
  readonly #meters: readonly ReplayMeter[];
  readonly #requests = new Map<number, Request<undefined>>();
  /** Decisions of the inputs replayed so far that the journal has not been compared with yet. */
  #decided: string[] = [];
  #inputs = 0;
  #decisions = 0;
  #endNs = 0;
  #difference: Difference | undefined;

  constructor(platform: PlatformConfig, loadPlatform: LoadPlatform) {
    this.#loadPlatform = loadPlatform;
    const replicas = platform.pools.reduce((sum, pool) => sum + pool.replicas, 0);
    this.#meters = Array.from({ length: replicas }, () => new ReplayMeter());
    this.#engine = new Engine<undefined>(platform, this.#effects(), this.#meters);
  }

  /** Takes the journal's next line; false once a difference was found, after which there is no point in going on. */
  take(text: string, line: number): boolean {
    const parsed = parseLine(text, line);
    const name = parsed[0];
    if (typeof name !== "string") throw new JournalError(`line ${line}: expected a name first`);
    if (name.startsWith(">")) this.#compare(text, line);
    else {
      this.#expectNoneLeft(line);
      if (this.#difference === undefined) this.#repeat(name, parsed, line);
    }
    return this.#difference === undefined;
  }

  /** The journal has ended. A crash may have cut off the decisions of its last input, but adds none. */
  finish(): ReplayOutcome {
    return {
      inputs: this.#inputs,
      decisions: this.#decisions,
      endNs: this.#endNs,
      difference: this.#difference,
    };
  }

  #compare(recorded: string, line: number): void {
    const replayed = this.#decided.shift() ?? "(nothing)";
    this.#decisions += 1;
    if (replayed !== recorded) this.#difference = { line, recorded, replayed };
  }

  #expectNoneLeft(line: number): void {
    const replayed = this.#decided[0];
    if (replayed !== undefined) this.#difference = { line, recorded: "(nothing)", replayed };
  }

  #repeat(name: string, parsed: Line, line: number): void {
    this.#inputs += 1;
    const fields = new Fields(parsed, line);
    const engine = this.#engine;
    if (name === "startDay" || name === "startMonth") {
      engine[name](fields.number(1), fields.number(2), fields.numbers(3));
      return;
    }
    const nowNs = fields.number(1);
    this.#endNs = nowNs;
    switch (name) {
      case "submit":
        this.#submit(nowNs, fields);
        return;
      case "cancel":
        engine.cancel(nowNs, this.#request(fields.number(2), line));
        return;
      case "reload":
        this.#reload(nowNs, fields);
        return;
      case "wake":
        this.#readMeters(fields, 2, "steps");
        // What was lost to crashes is left out of these already.
        this.#readMeters(fields, 3, "busyNs");
        this.#readMeters(fields, 4, "modelledPs");
        engine.wake(nowNs);
        return;
      case "settleStanding":
        this.#readMeters(fields, 2, "idleNs");
        this.#readMeters(fields, 3, "bootNs");
        engine.settleStanding(nowNs);
        return;
      default:
        this.#notify(name, nowNs, fields);
    }
  }

  /** One figure per replica; journals of earlier versions lack some. */
  #readMeters(
    fields: Fields,
    field: number,
    figure: "steps" | "busyNs" | "modelledPs" | "idleNs" | "bootNs",
  ): void {
    for (const [index, value] of (fields.numbers(field) ?? []).entries()) {
      this.#meters[index]![figure] = value;
    }
  }

  #submit(nowNs: number, fields: Fields): void {
    const admission = this.#engine.submit(nowNs, {
      origin: undefined,
      tenant: fields.number(2),
      pool: fields.number(3),
      promptTokens: fields.number(4),
      maxOutputTokens: fields.optional(5),
      adapter: fields.optional(6),
    });
    if (admission.kind === "accepted") {
      this.#requests.set(admission.request.number, admission.request);
    }
    this.#decided.push(JSON.stringify(admissionLine(admission)));
  }

  #reload(nowNs: number, fields: Fields): void {
    const overrides: readonly string[] = JSON.parse(fields.text(3));
    const platform = this.#loadPlatform({ text: fields.text(2), overrides });
    this.#decided.push(JSON.stringify(reloadLine(this.#engine.reload(nowNs, platform))));
  }

  /** A replica's notification. */
  #notify(name: string, nowNs: number, fields: Fields): void {
    const engine = this.#engine;
    const replica = fields.number(2);
    const meter = this.#meters[replica];
    if (meter === undefined) throw fields.wrong(2, "the index of a replica");
    meter.steps = fields.number(3);
    switch (name) {
      case "joined":
        engine.joined(nowNs, replica, fields.number(4), fields.number(5));
        return;
      case "firstToken":
        engine.firstToken(nowNs, replica, fields.number(4));
        return;
      case "left":
        engine.left(nowNs, replica, departureOf(fields));
        return;
      case "pressure":
      case "boundary":
      case "up":
        engine[name](nowNs, replica);
        return;
      case "adapterLoaded":
      case "adapterUnloaded":
        engine[name](nowNs, replica, fields.number(4));
        return;
      case "down":
        engine.down(nowNs, replica, fields.text(4));
        return;
      default:
        throw fields.wrong(0, "the name of an input");
    }
  }

  #request(number: number, line: number): Request<undefined> {
    const request = this.#requests.get(number);
    if (request === undefined) {
      throw new JournalError(`line ${line}: request ${number} was never admitted, or has ended`);
    }
    return request;
  }

  #effects(): EngineEffects<undefined> {
    return decisionWriter<undefined>((line) => this.#decided.push(JSON.stringify(line)), {
      join: nothing,
      evict: nothing,
      loadAdapter: nothing,
      unloadAdapter: nothing,
      askBoundary: nothing,
      provision: nothing,
      release: nothing,
      wakeAt: nothing,
      firstToken: nothing,
      ended: (_nowNs, request) => this.#requests.delete(request.number),
      charged: nothing,
      event: nothing,
    });
  }
}

function nothing(): void {}

/** A line's fields, checked as they are read. */
class Fields {
  readonly #line: Line;
  readonly #number: number;

  constructor(line: Line, number: number) {
    this.#line = line;
    this.#number = number;
  }

  number(index: number): number {
    const value = this.#line[index];
    if (typeof value !== "number") throw this.wrong(index, "a number");
    return value;
  }

  optional(index: number): number | undefined {
    return this.#line[index] === null ? undefined : this.number(index);
  }

  text(index: number): string {
    const value = this.#line[index];
    if (typeof value !== "string") throw this.wrong(index, "a text");
    return value;
  }

  numbers(index: number): number[] | undefined {
    const value = this.#line[index];
    if (value === null || value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.wrong(index, "a list of numbers");
    return value.map(Number);
  }

  wrong(index: number, expected: string): JournalError {
    const got = JSON.stringify(this.#line[index]) ?? "nothing";
    return new JournalError(
      `line ${this.#number}, field ${index}: expected ${expected}, got ${got}`,
    );
  }
}

function departureOf(fields: Fields): Parameters<Engine<undefined>["left"]>[2] {
  const promptTokens = fields.optional(10);
  const cachedTokens = fields.optional(11);
  const isCounted = promptTokens !== undefined && cachedTokens !== undefined;
  return {
    slot: fields.number(4),
    reason: leaveReason(fields),
    outputTokens: fields.number(6),
    prefillPs: fields.number(7),
    decodePs: fields.number(8),
    batchSharePs: fields.number(9),
    counted: isCounted ? { promptTokens, cachedTokens } : undefined,
  };
}

const REASONS: readonly LeaveReason[] = ["finished", "evicted", "replica-down", "failed"];

function leaveReason(fields: Fields): LeaveReason {
  const text = fields.text(5);
  const reason = REASONS.find((one) => one === text);
  if (reason === undefined) throw fields.wrong(5, REASONS.join(", "));
  return reason;
}

function parseLine(text: string, line: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JournalError(`line ${line}: not JSON`);
  }
  if (!Array.isArray(value)) throw new JournalError(`line ${line}: expected an array`);
  return value as Line;
}
