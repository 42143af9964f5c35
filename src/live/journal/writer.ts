/**
 * Writes a live run's journal: every input of the engine with what the engine could read of its replicas at that moment, and
 * every decision. Holds no prompt and no output: tenants, lengths and times only. Lines are gathered and written once
 * per turn of the event loop.
 */
import { type WriteStream, createWriteStream } from "node:fs";
import type { EngineEffects } from "../../engine/effects.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Departure, MeterReading, ReplicaListener } from "../../replica/port.ts";
import type { Exchange } from "../exchange.ts";
import type { EngineInputs } from "../inputs.ts";
import {
  type JournalHeader,
  type Line,
  admissionLine,
  decisionWriter,
  reloadLine,
} from "./lines.ts";

export class JournalWriter {
  readonly #stream: WriteStream;
  readonly #meters: readonly MeterReading[];
  #lines: string[];
  #problem: Error | undefined;

  /** `path` is overwritten. */
  constructor(path: string, header: JournalHeader, meters: readonly MeterReading[]) {
    this.#stream = createWriteStream(path);
    this.#stream.on("error", (error) => {
      this.#problem = error;
    });
    this.#meters = meters;
    this.#lines = [JSON.stringify(header)];
  }

  /** Why the journal is no longer written; undefined while it is. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  effects(forward: EngineEffects<Exchange>): EngineEffects<Exchange> {
    return decisionWriter((line) => this.#write(line), forward);
  }

  /** The engine, with every input written down on its way in. */
  inputs(engine: Engine<Exchange>): EngineInputs {
    return { ...this.#driverInputs(engine), ...this.#replicaInputs(engine) };
  }

  /** What the driver itself says. */
  #driverInputs(engine: Engine<Exchange>): Omit<EngineInputs, keyof ReplicaListener> {
    const write = (line: Line): void => this.#write(line);
    return {
      submit: (nowNs, submission) => {
        const { tenant, pool, promptTokens, maxOutputTokens, adapter } = submission;
        write([
          "submit",
          nowNs,
          tenant,
          pool,
          promptTokens,
          maxOutputTokens ?? null,
          adapter ?? null,
        ]);
        const admission = engine.submit(nowNs, submission);
        write(admissionLine(admission));
        return admission;
      },
      cancel(nowNs, request) {
        write(["cancel", nowNs, request.number]);
        engine.cancel(nowNs, request);
      },
      wake: (nowNs) => {
        const meters = this.#meters;
        write([
          "wake",
          nowNs,
          meters.map((meter) => meter.steps),
          meters.map((meter) => meter.busyNs - meter.lostNs),
          meters.map((meter) => meter.modelledPs),
        ]);
        engine.wake(nowNs);
      },
      startDay(day, endsAtNs, used) {
        write(["startDay", day, endsAtNs, used ?? null]);
        engine.startDay(day, endsAtNs, used);
      },
      startMonth(month, endsAtNs, spent) {
        write(["startMonth", month, endsAtNs, spent ?? null]);
        engine.startMonth(month, endsAtNs, spent);
      },
      settleStanding: (nowNs) => {
        write([
          "settleStanding",
          nowNs,
          this.#meters.map((meter) => meter.idleUntil(nowNs)),
          this.#meters.map((meter) => meter.bootUntil(nowNs)),
        ]);
        engine.settleStanding(nowNs);
      },
      reload(nowNs, platform, source) {
        write(["reload", nowNs, source.text, JSON.stringify(source.overrides)]);
        const refusal = engine.reload(nowNs, platform);
        write(reloadLine(refusal));
        return refusal;
      },
    };
  }

  /** What replicas say, each with its step count at that moment. */
  #replicaInputs(engine: Engine<Exchange>): ReplicaListener {
    const write = (line: Line): void => this.#write(line);
    const steps = (replica: number): number => this.#meters[replica]!.steps;
    return {
      joined(nowNs, replica, slot, cachedTokens) {
        write(["joined", nowNs, replica, steps(replica), slot, cachedTokens]);
        engine.joined(nowNs, replica, slot, cachedTokens);
      },
      firstToken(nowNs, replica, slot) {
        write(["firstToken", nowNs, replica, steps(replica), slot]);
        engine.firstToken(nowNs, replica, slot);
      },
      left(nowNs, replica, departure) {
        write(["left", nowNs, replica, steps(replica), ...departureOf(departure)]);
        engine.left(nowNs, replica, departure);
      },
      pressure(nowNs, replica) {
        write(["pressure", nowNs, replica, steps(replica)]);
        engine.pressure(nowNs, replica);
      },
      boundary(nowNs, replica) {
        write(["boundary", nowNs, replica, steps(replica)]);
        engine.boundary(nowNs, replica);
      },
      adapterLoaded(nowNs, replica, adapter) {
        write(["adapterLoaded", nowNs, replica, steps(replica), adapter]);
        engine.adapterLoaded(nowNs, replica, adapter);
      },
      adapterUnloaded(nowNs, replica, adapter) {
        write(["adapterUnloaded", nowNs, replica, steps(replica), adapter]);
        engine.adapterUnloaded(nowNs, replica, adapter);
      },
      down(nowNs, replica, cause) {
        write(["down", nowNs, replica, steps(replica), cause]);
        engine.down(nowNs, replica, cause);
      },
      up(nowNs, replica) {
        write(["up", nowNs, replica, steps(replica)]);
        engine.up(nowNs, replica);
      },
    };
  }

  flush(): void {
    if (this.#lines.length === 0 || this.#problem !== undefined) return;
    this.#stream.write(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }

  close(): Promise<void> {
    this.flush();
    return new Promise((resolve) => this.#stream.end(resolve));
  }

  #write(line: Line): void {
    this.#lines.push(JSON.stringify(line));
  }
}

function departureOf(departure: Departure): Line {
  const { slot, reason, outputTokens, prefillPs, decodePs, batchSharePs, counted } = departure;
  const { promptTokens, cachedTokens } = counted ?? { promptTokens: null, cachedTokens: null };
  return [
    slot,
    reason,
    outputTokens,
    prefillPs,
    decodePs,
    batchSharePs,
    promptTokens,
    cachedTokens,
  ];
}
