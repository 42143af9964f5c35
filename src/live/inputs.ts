/** Everything that can be said to an engine: what a journal records and a replay repeats. */
import type { Engine } from "../engine/engine.ts";
import type { PlatformConfig } from "../engine/config.ts";
import type { Exchange } from "./exchange.ts";

/** A scenario as loadScenario takes it. */
export interface ScenarioSource {
  readonly text: string;
  readonly overrides: readonly string[];
}

export type EngineInputs<Origin = Exchange> = Pick<
  Engine<Origin>,
  | "submit"
  | "cancel"
  | "wake"
  | "startDay"
  | "startMonth"
  | "settleStanding"
  | "joined"
  | "firstToken"
  | "left"
  | "pressure"
  | "boundary"
  | "adapterLoaded"
  | "adapterUnloaded"
  | "down"
  | "up"
> & {
  /** `source` is what `platform` was loaded from: a journal keeps it, the engine needs it not. */
  reload(
    nowNs: number,
    platform: PlatformConfig,
    source: ScenarioSource,
  ): ReturnType<Engine<Origin>["reload"]>;
};
