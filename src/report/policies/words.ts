/** How a comparison of policies is put into words: what was found, and what a reader must know before trusting it. */
import { formatCount, listed, MISSING } from "../format.ts";
import { PARTITION, type PolicyComparison, type PolicyRow } from "./policies.ts";

export function policyName(name: string): string {
  return name === PARTITION ? "static partition" : name;
}

/** "8", "not within 64", "too little data". */
export function sharedGpusText({ smallest }: PolicyRow): string {
  if (smallest === null) return MISSING;
  if (smallest.kind === "found") return formatCount(smallest.gpus);
  return smallest.kind === "not-within"
    ? `not within ${formatCount(smallest.mostGpus)}`
    : "too little data";
}

/** Why the answer is what it is, for hovering and for the table's last column. */
export function smallestDetail({ smallest, pools }: PolicyRow): string {
  if (smallest === null) return MISSING;
  if (smallest.kind === "found") {
    return smallest.replicas.map((count, at) => `${pools[at]} ${count}`).join(", ");
  }
  const tiers = smallest.tiers.join(", ");
  if (smallest.kind === "not-enough-data") return `too few requests to judge ${tiers}`;
  return tiers === "" ? "one replica of each pool is more than that" : `even then missed: ${tiers}`;
}

/** One paragraph: who needs least, what sharing saves, who keeps its promises as things stand. */
export function policyHeadline({ policies, setting }: PolicyComparison): string {
  return [...smallestWords(policies), keptWords(policies, setting.sharedGpus)].join(" ");
}

function smallestWords(policies: readonly PolicyRow[]): readonly string[] {
  const found = policies.flatMap((row) =>
    row.smallest?.kind === "found" ? [{ row, gpus: row.smallest.gpus }] : [],
  );
  if (policies.every(({ smallest }) => smallest === null)) return [];
  const shared = found.filter(({ row }) => row.name !== PARTITION);
  if (shared.length === 0) return ["No policy was found to keep every promise."];
  const least = Math.min(...shared.map(({ gpus }) => gpus));
  const best = shared.filter(({ gpus }) => gpus === least).map(({ row }) => row.name);
  const partition = found.find(({ row }) => row.name === PARTITION)?.gpus;
  const searched = policies.filter(({ name }) => name !== PARTITION).length;
  const who = best.length === searched && searched > 1 ? "Every policy" : listed(best);
  const verb = best.length === 1 || best.length === searched ? "keeps" : "keep";
  const words = `${who} ${verb} every promise with ${gpuWords(least)}`;
  return [
    partition === undefined
      ? `${words}.`
      : `${words}; a static partition takes ${formatCount(partition)}.`,
  ];
}

function keptWords(policies: readonly PolicyRow[], gpus: number): string {
  const run = policies.filter(({ isRun }) => isRun);
  const kept = run.filter(({ tiers }) => tiers.every(({ verdict }) => verdict === "met"));
  const names = kept.map(({ name }) => policyName(name));
  const place = `On the scenario's own ${gpuWords(gpus)}`;
  if (kept.length === 0) return `${place}, none of them does.`;
  return kept.length === run.length
    ? `${place}, all of them do.`
    : `${place}, ${listed(names)} ${kept.length === 1 ? "does" : "do"}.`;
}

function gpuWords(gpus: number): string {
  return `${formatCount(gpus)} shared ${gpus === 1 ? "GPU" : "GPUs"}`;
}

/** Sentences, the most important first. */
export function policyNotes({ setting, policies }: PolicyComparison): readonly string[] {
  const { seeds, mostGpus, dependentClients, hasFaults, otherGpus } = setting;
  const partition = policies.find(({ name }) => name === PARTITION);
  return [
    seeds.length === 1
      ? "One run each, with the same seed: every policy sees the same arrivals. How much of a difference is chance, one seed does not say; add --replications."
      : `Means over ${seeds.length} replications; every policy sees the same arrivals under each seed. Verdicts, Jain's index and the service gap are those of the worst replication.`,
    ...(dependentClients.length === 0
      ? []
      : [
          `Not the same for all: ${listed(dependentClients)} wait for answers or try again, so what they send depends on how they are served.`,
        ]),
    ...(mostGpus === null
      ? []
      : [
          `The smallest platform is the fewest GPUs of the shared pools with which every tier meets its SLA in every replication. It was searched up to ${formatCount(mostGpus)} shared GPUs, by doubling and bisection: more GPUs nearly always serve better, but not always, so the answer and the size one replica below it were both simulated.`,
          ...(otherGpus > 0
            ? [
                `Dedicated pools, and shared ones that nobody sends to, were kept as they are: ${formatCount(otherGpus)} GPUs, which the totals include.`,
              ]
            : []),
          ...(policies.some(({ pools, name }) => pools.length > 1 && name !== PARTITION)
            ? [
                "Several shared pools were searched together: none of them could give up a replica, though another division might take fewer.",
              ]
            : []),
          ...(hasFaults
            ? [
                "Faults strike smaller pools too: a replica that is not there passes its fault on, counting round.",
              ]
            : []),
        ]),
    `In the static partition every tier has GPUs of its own, first come first served, and nothing is shared or lent.${partition?.isRun === true ? " On the scenario's own platform the shared GPUs are divided by the tiers' shares." : " The scenario's own platform has fewer replicas than tiers, so only its smallest one is told."}`,
  ];
}
