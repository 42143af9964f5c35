/**
 * What is done about an aggressor: one case for each aggressor and pool, that climbs and descends a ladder of measures. First
 * its requests in flight are capped, ever nearer to its share; then it is confined to its share of the replicas; then what
 * it asks beyond its share of the GPUs' time is refused. Nobody is held for the sake of tenants that have gone, and each
 * step is an event. When to take one is ladder.ts; what a measure does to requests, restraints.ts.
 */
import { unreachable } from "../../base/assert.ts";
import type { PlatformConfig } from "../config.ts";
import type { EngineEvent, Evidence, MitigationAction } from "../effects.ts";
import type { PoolScheduler } from "../scheduler.ts";
import type { Demand } from "./demand.ts";
import { Ladder, type Move } from "./ladder.ts";
import { type NoisyNeighbourDetector, evidenceWords } from "./noisy-neighbour.ts";
import type { Restraint } from "./restraints.ts";

/**
 * Rungs on which the cap closes in on the share: half of the way, three quarters, all of it; fewer where so few requests are in
 * flight that some would be the same. Assumed: fewer hold back more than they must, more leave victims waiting longer.
 */
const MOST_CAP_RUNGS = 3;

type MitigationEvent = Extract<EngineEvent["kind"], `mitigation-${string}`>;

interface Case {
  readonly aggressor: number;
  readonly pool: number;
  readonly ladder: Ladder;
  readonly rungs: readonly MitigationAction[];
  /** How many of the rungs are caps. */
  readonly capRungs: number;
  readonly victims: Set<number>;
  /** The victim that suffered last: the one that events name. */
  lastVictim: number;
  /**
   * Most requests bound in the pool at a check while the aggressor was free: what it runs at once with them in it. Later, more
   * and smaller ones may fit in, and a cap must not rise for that.
   */
  mostBound: number;
  /** Checks in a row in which none of the victims wanted anything. */
  absentChecks: number;
  /** The pool's own replicas that it is confined to; empty while it is not. */
  replicas: ReadonlySet<number>;
}

export interface MitigationParts<Origin> {
  readonly platform: PlatformConfig;
  readonly schedulers: readonly PoolScheduler<Origin>[];
  readonly demand: Demand<Origin>;
  readonly detector: NoisyNeighbourDetector<Origin>;
}

export class Mitigation<Origin> {
  readonly #parts: MitigationParts<Origin>;
  #cases: Case[] = [];
  #touchedPools: ReadonlySet<number> = new Set();

  constructor(parts: MitigationParts<Origin>) {
    this.#parts = parts;
  }

  /** Pools in which somebody may be held otherwise than before the last check. */
  get touchedPools(): ReadonlySet<number> {
    return this.#touchedPools;
  }

  /** Takes up the detector's alarms, moves every case by one check, and says what changed. */
  check(nowNs: number): EngineEvent[] {
    const { mitigate } = this.#parts.platform.isolation;
    if (mitigate) this.#takeUpAlarms();
    this.#touchedPools = new Set(this.#cases.map(({ pool }) => pool));
    const events: EngineEvent[] = [];
    const kept: Case[] = [];
    for (const one of this.#cases) {
      const { rung } = one.ladder;
      const move = mitigate ? this.#move(nowNs, one) : "close";
      if (move !== "close") kept.push(one);
      this.#hold(one, move === "close" ? 0 : one.ladder.rung);
      const event = this.#eventOf(nowNs, one, { rung, move });
      if (event !== undefined) events.push(event);
    }
    this.#cases = kept;
    return events;
  }

  #takeUpAlarms(): void {
    for (const { victim, aggressor, pool } of this.#parts.detector.alarms) {
      let found = this.#cases.find((one) => one.aggressor === aggressor && one.pool === pool);
      if (found === undefined) {
        found = this.#open(aggressor, pool, victim);
        this.#cases.push(found);
      }
      found.victims.add(victim);
    }
  }

  #open(aggressor: number, pool: number, victim: number): Case {
    const mostBound = this.#boundIn(pool);
    const capRungs = capRungsOf(mostBound, this.#parts.demand.share(pool, aggressor).due);
    const rungs = rungsOf(capRungs, this.#parts.schedulers[pool]!.replicas.length);
    return {
      aggressor,
      pool,
      ladder: new Ladder(rungs.length),
      rungs,
      capRungs,
      victims: new Set([victim]),
      lastVictim: victim,
      mostBound,
      absentChecks: 0,
      replicas: new Set(),
    };
  }

  #move(nowNs: number, one: Case): Move | "close" {
    const { demand, platform } = this.#parts;
    const { pool, aggressor } = one;
    const isWanted = [...one.victims].some((victim) => demand.isPresent(pool, victim));
    one.absentChecks = isWanted ? 0 : one.absentChecks + 1;
    // Work is not held back for tenants that want nothing, however long a step down would take.
    if (one.absentChecks >= platform.isolation.relaxAfterChecks) return "close";
    if (one.ladder.rung === 0) one.mostBound = Math.max(one.mostBound, this.#boundIn(pool));
    const suffering = this.#sufferingVictim(nowNs, one);
    one.lastVictim = suffering ?? one.lastVictim;
    const move = one.ladder.observe(suffering !== undefined, platform.isolation);
    // While it asks for more than its share, what was learned about it is kept, or it would have to be learned again.
    const isOver = one.ladder.isAtRest(platform.isolation) && !demand.isOverShare(pool, aggressor);
    return isOver ? "close" : move;
  }

  #boundIn(pool: number): number {
    return this.#parts.schedulers[pool]!.boundByTenant.reduce((sum, count) => sum + count, 0);
  }

  /** A victim that still suffers where the aggressor may be why. */
  #sufferingVictim(nowNs: number, { pool, aggressor, victims }: Case): number | undefined {
    const { demand, detector } = this.#parts;
    if (!demand.isOverShare(pool, aggressor)) return undefined;
    return [...victims].find(
      (victim) =>
        detector.isVictim(nowNs, pool, victim) && demand.areNeighbours(pool, victim, aggressor),
    );
  }

  /** Holds the aggressor as the rung says, by today's shares and replicas. */
  #hold(one: Case, rung: number): void {
    const { restraints } = this.#parts.schedulers[one.pool]!;
    if (rung === 0) restraints.release(one.aggressor);
    else restraints.hold(one.aggressor, this.#restraintOf(one, rung), one.victims);
  }

  #restraintOf(one: Case, rung: number): Restraint {
    const { due } = this.#parts.demand.share(one.pool, one.aggressor);
    const up = this.#parts.schedulers[one.pool]!.replicas.filter(({ isOpen }) => isOpen);
    const taken = one.rungs.slice(0, rung);
    const isConfined = taken.includes("replica-confinement") && up.length > 1;
    one.replicas = isConfined ? this.#confine(one, due) : new Set();
    const { usableReplicas } = this.#parts.schedulers[one.pool]!;
    const lent = usableReplicas.filter(({ pool }) => pool !== one.pool);
    return {
      isToShare: rung >= one.capRungs,
      maxInFlight: capAt({ rung, capRungs: one.capRungs }, one.mostBound, due),
      // What other pools lend is none of its victims' business.
      replicas: isConfined
        ? new Set([...one.replicas, ...lent.map(({ index }) => index)])
        : undefined,
      rate: taken.includes("admission-throttle") ? due * Math.max(1, up.length) : undefined,
    };
  }

  /**
   * Its share of the replicas that take requests, rounded, but neither none nor all: those where it runs most and its victims least,
   * so that little has to move. As before, while that is still the right number of them.
   */
  #confine({ pool, aggressor, victims, replicas }: Case, due: number): ReadonlySet<number> {
    const up = this.#parts.schedulers[pool]!.replicas.filter(({ isOpen }) => isOpen);
    const count = Math.min(up.length - 1, Math.max(1, Math.round(due * up.length)));
    const still = up.filter(({ index }) => replicas.has(index)).length;
    if (still === count && replicas.size === count) return replicas;
    const ranked = up.map(({ index, bound }) => {
      let score = 0;
      for (const request of bound) {
        if (request?.tenant === aggressor) score += 1;
        else if (request !== undefined && victims.has(request.tenant)) score -= 1;
      }
      return { index, score };
    });
    ranked.sort((a, b) => b.score - a.score || a.index - b.index);
    return new Set(ranked.slice(0, count).map(({ index }) => index));
  }

  /** What to tell of a move that began on `rung`. */
  #eventOf(
    nowNs: number,
    one: Case,
    { rung, move }: { rung: number; move: Move | "close" },
  ): EngineEvent | undefined {
    if (move === "stay" || (move === "close" && rung === 0)) return undefined;
    if (move === "tighten")
      return this.#event(nowNs, one, { kind: "mitigation-tightened", moved: rung });
    const isEnd = move === "close" || rung === 1;
    const kind = isEnd ? "mitigation-ended" : "mitigation-relaxed";
    return this.#event(nowNs, one, { kind, moved: rung - 1 });
  }

  /** `moved`: the place on the ladder of the measure that came or went. */
  #event(
    nowNs: number,
    one: Case,
    { kind, moved }: { kind: MitigationEvent; moved: number },
  ): EngineEvent {
    const { aggressor, pool, lastVictim } = one;
    const who = { pool, victim: lastVictim, aggressor };
    const evidence = this.#parts.detector.evidence(nowNs, who);
    return {
      kind,
      tenant: lastVictim,
      aggressor,
      pool,
      replica: undefined,
      evidence,
      action: one.rungs[moved]!,
      message: this.#message(one, kind, evidence),
    };
  }

  #message(one: Case, kind: MitigationEvent, evidence: Evidence): string {
    const { platform } = this.#parts;
    const { aggressor, pool, lastVictim: victim } = one;
    const name = platform.tenants[aggressor]!.name;
    switch (kind) {
      case "mitigation-tightened":
        return `${evidenceWords(platform, { victim, aggressor, pool, evidence })}: ${name} ${this.#heldWords(one)}.`;
      case "mitigation-relaxed":
        return `${platform.tenants[victim]!.name} has been served in time for long enough: ${name} ${this.#heldWords(one)} from now on.`;
      case "mitigation-ended":
        return `${name} is held back no more.`;
      default:
        return unreachable(kind);
    }
  }

  /** How the aggressor is held on its rung, as a clause about it. */
  #heldWords({ pool, aggressor, replicas }: Case): string {
    const { maxInFlight, rate } = this.#parts.schedulers[pool]!.restraints.of(aggressor)!;
    const cap = `may have ${maxInFlight} ${maxInFlight === 1 ? "request" : "requests"} in flight`;
    const first = this.#parts.schedulers[pool]!.replicas[0]!.index;
    const names = [...replicas].map((index) => index - first).toSorted((a, b) => a - b);
    const where = replicas.size === 0 ? "" : `, on replicas ${names.join(", ")} only`;
    return rate === undefined
      ? `${cap}${where}`
      : `${cap}${where}, and may ask for ${rate.toFixed(2)} replicas' time`;
  }
}

/** The ladder of a pool: with one replica there is nowhere to move anybody. */
function rungsOf(capRungs: number, replicas: number): MitigationAction[] {
  const caps = Array.from({ length: capRungs }, () => "in-flight-cap" as const);
  return replicas > 1
    ? [...caps, "replica-confinement", "admission-throttle"]
    : [...caps, "admission-throttle"];
}

/** How many caps differ on the way to the share. */
export function capRungsOf(mostBound: number, due: number): number {
  const caps = new Set<number>();
  for (let rung = 1; rung <= MOST_CAP_RUNGS; rung++) {
    caps.add(capAt({ rung, capRungs: MOST_CAP_RUNGS }, mostBound, due));
  }
  return caps.size;
}

/**
 * The cap on a rung: the tenant's share of what the pool runs at once, and a part of the rest that halves with each rung and is
 * nothing on the last. Rounded up: slots are whole, and nobody is to be held below his share.
 */
export function capAt(
  { rung, capRungs }: { readonly rung: number; readonly capRungs: number },
  mostBound: number,
  due: number,
): number {
  const share = due * mostBound;
  const rest = rung >= capRungs ? 0 : (mostBound - share) / 2 ** rung;
  return Math.max(1, Math.ceil(share + rest));
}
