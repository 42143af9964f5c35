/**
 * What a run's platform is short of, and how much more traffic it could take at most: read off memory pressure, refusals and
 * the throughput beside that of the same GPUs with every queue full.
 */
import type { PoolResult, Results } from "../../results/results.ts";
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatObjective,
  formatShare,
  formatTimes,
} from "../format.ts";
import { joinWords } from "../verdict.ts";

/** Of saturation at the peak: above, computing is what is short; below, there is room. Assumed; the share itself is told. */
export const NEARLY_SATURATED = 0.85;

/** Growth for an example, stated as one. */
const EXAMPLE_MONTHLY_GROWTH = 0.05;

/** Refusals that say that the platform had no room, as opposed to a quota agreed with the tenant. */
const FOR_WANT_OF_ROOM: ReadonlySet<string> = new Set(["queue-full", "shed", "throttled"]);

export function limitWords(results: Results): readonly string[] {
  return [...memoryWords(results), ...computeWords(results), ...refusalWords(results)];
}

function memoryWords({ pools, replicas }: Results): readonly string[] {
  const short = pools.flatMap((pool) => {
    const events = replicas
      .filter((replica) => replica.pool === pool.name)
      .reduce((sum, { kvPressureEvents }) => sum + kvPressureEvents, 0);
    return events === 0 ? [] : [{ pool, events }];
  });
  if (short.length > 0) {
    return short.map(
      ({ pool, events }) =>
        `Pool ${pool.name} ran out of KV-cache memory ${times(events)}, with ${formatShare(pool.utilization.kvBlocks)} of it in use on average: memory is short there.`,
    );
  }
  const fullest = pools.toSorted((a, b) => b.utilization.kvBlocks - a.utilization.kvBlocks)[0];
  return fullest === undefined ? [] : [memoryRoom(fullest)];
}

function memoryRoom({ name, utilization }: PoolResult): string {
  return `KV-cache memory never ran out: of pool ${name}'s, the fullest, ${formatShare(utilization.kvBlocks)} was in use on average.`;
}

function computeWords({ platform }: Results): readonly string[] {
  const { saturation, utilization } = platform;
  if (saturation === null || utilization === null) return [];
  const { peakShare, peakStartS, peakSeconds } = saturation;
  const at = `In its busiest ${formatDuration(peakSeconds)}, ${formatDuration(peakStartS)} into the run, the platform computed ${formatShare(peakShare)} of the tokens that the same GPUs compute with every queue full`;
  const used = `memory bandwidth ${formatShare(utilization.memoryBandwidth)}, MFU ${formatShare(utilization.mfu)} over the whole run`;
  if (peakShare >= NEARLY_SATURATED) return [`${at} (${used}): computing is what runs short.`];
  const unfilled =
    utilization.busy < NEARLY_SATURATED
      ? ""
      : ` Steps ran ${formatShare(utilization.busy)} of the time, but were not full.`;
  return [`${at} (${used}): there is computing to spare.${unfilled}`];
}

function refusalWords({ platform }: Results): readonly string[] {
  const reasons = platform.counts.rejectedByReason;
  const count = (isRoom: boolean): number =>
    reasons
      .filter(({ reason }) => FOR_WANT_OF_ROOM.has(reason) === isRoom)
      .reduce((sum, one) => sum + one.count, 0);
  const room = count(true);
  const quota = count(false);
  return [
    ...(room === 0 ? [] : [`${requests(room)} refused for want of room.`]),
    ...(quota === 0
      ? []
      : [`${requests(quota)} refused by quotas and limits, whatever room there was.`]),
  ];
}

/** By how much traffic may grow at most, where the run can tell. */
export function growthWords(results: Results): readonly string[] {
  const missed = results.tiers.filter(({ sla }) => sla.verdict === "missed");
  if (missed.length > 0) {
    const names = joinWords(missed.map(({ name }) => name));
    return [`It has run out already: ${names} missed at this traffic.`];
  }
  const { saturation } = results.platform;
  if (results.load !== undefined) return [];
  if (saturation === null) {
    return ["How much more it could take was not measured: saturation is not known for this run."];
  }
  const factor = 1 / saturation.peakShare;
  if (factor <= 1) {
    return ["None is left: at its peak, this traffic takes all that the GPUs can compute."];
  }
  const months = Math.log(factor) / Math.log(1 + EXAMPLE_MONTHLY_GROWTH);
  return [
    `At ${formatTimes(factor)} this traffic the peak would take all that the GPUs can compute; promises break before that. Growing by ${formatObjective(EXAMPLE_MONTHLY_GROWTH)} a month, for example, it would be there ${monthsWords(months)}.`,
  ];
}

/** "in 1.9 months", or what reads better below one. */
function monthsWords(months: number): string {
  return months < 1 ? "within a month" : `in ${formatNumber(months, 2)} months`;
}

function requests(count: number): string {
  return count === 1 ? "1 request was" : `${formatCount(count)} requests were`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${formatCount(count)} times`;
}
