/**
 * The copy engine of a simulated replica: loads adapters one after the other at PCIe speed while steps run on, and unloads
 * at once when its turn comes. Commands are carried out in the order given.
 */
import type { ReplicaListener } from "./port.ts";

interface Command {
  readonly kind: "load" | "unload";
  readonly adapter: number;
  readonly doneNs: number;
}

export class AdapterChannel {
  readonly #index: number;
  readonly #bytesPerS: number;
  readonly #listener: ReplicaListener;
  #commands: Command[] = [];
  #freeAtNs = 0;

  constructor(replica: { index: number; bytesPerS: number }, listener: ReplicaListener) {
    this.#index = replica.index;
    this.#bytesPerS = replica.bytesPerS;
    this.#listener = listener;
  }

  /** When `advance` must be called next. */
  get nextEventNs(): number {
    return this.#commands[0]?.doneNs ?? Infinity;
  }

  load(nowNs: number, adapter: number, bytes: number): void {
    const loadNs = Math.ceil((bytes / this.#bytesPerS) * 1e9);
    this.#freeAtNs = Math.max(this.#freeAtNs, nowNs) + loadNs;
    this.#commands.push({ kind: "load", adapter, doneNs: this.#freeAtNs });
  }

  unload(nowNs: number, adapter: number): void {
    const doneNs = Math.max(this.#freeAtNs, nowNs);
    this.#commands.push({ kind: "unload", adapter, doneNs });
  }

  /** Carries out the command that is due at `nowNs`. */
  advance(nowNs: number): void {
    const command = this.#commands.shift()!;
    if (command.kind === "load") this.#listener.adapterLoaded(nowNs, this.#index, command.adapter);
    else this.#listener.adapterUnloaded(nowNs, this.#index, command.adapter);
  }

  /** The replica went down: what it held and what it was loading are gone. */
  clear(): void {
    this.#commands = [];
    this.#freeAtNs = 0;
  }
}
