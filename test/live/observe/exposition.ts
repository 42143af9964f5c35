/** Reads Prometheus' text format strictly: what a scraper would refuse fails here. */

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: { readonly name: string; readonly labels: string; readonly value: number }[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`;
/** "Nan" is prom-client's spelling of a mean without samples; Prometheus reads it in any case. */
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)\\})? ([+-]?(?:Inf|[0-9.]+(?:[eE][+-]?[0-9]+)?)|NaN|Nan)$`,
  "u",
);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let name = "";
  let help = "";
  if (!text.endsWith("\n")) throw new Error("the text does not end with a newline");
  for (const line of text.split("\n")) {
    const helped = new RegExp(`^# HELP (${NAME}) (.+)$`, "u").exec(line);
    const typed = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary)$`, "u").exec(
      line,
    );
    if (line === "") continue;
    if (helped !== null) {
      [, name = "", help = ""] = helped;
    } else if (typed !== null) {
      if (typed[1] !== name) throw new Error(`TYPE of ${typed[1]} after HELP of ${name}`);
      if (families.has(name)) throw new Error(`${name} stands twice`);
      families.set(name, { type: typed[2]!, help, samples: [] });
    } else {
      addSample(families.get(name), name, { line, seen });
    }
  }
  for (const [family, { type, samples }] of families) {
    if (type === "histogram") checkHistogram(family, samples);
  }
  return families;
}

/** The value of the sample with these labels (in any order); undefined where there is none. */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  family: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return families
    .get(family)
    ?.samples.find(
      (sample) =>
        sample.labels.split(/,(?=[a-z_]+=")/u).length === Math.max(1, wanted.length) &&
        wanted.every((pair) => sample.labels.includes(pair)),
    )?.value;
}

function addSample(
  family: Family | undefined,
  name: string,
  { line, seen }: { line: string; seen: Set<string> },
): void {
  const match = SAMPLE.exec(line);
  if (match === null || family === undefined) throw new Error(`not a sample: ${line}`);
  const [, sample = "", labels = "", value = ""] = match;
  const suffixes = SUFFIXES[family.type] ?? [""];
  if (!suffixes.some((suffix) => sample === name + suffix)) {
    throw new Error(`${sample} in the family ${name}`);
  }
  if (seen.has(`${sample}{${labels}}`)) throw new Error(`twice: ${line}`);
  seen.add(`${sample}{${labels}}`);
  family.samples.push({ name: sample, labels, value: Number(value.replace("Inf", "Infinity")) });
}

/** Buckets only ever grow, and the last, +Inf, is the count. */
function checkHistogram(family: string, samples: Family["samples"]): void {
  const series = new Map<string, { last: number; bound: number }>();
  for (const { name, labels, value } of samples) {
    const rest = labels.replace(/,?le="[^"]*"/u, "").replace(/^,/u, "");
    const before = series.get(rest) ?? { last: 0, bound: -Infinity };
    if (name.endsWith("_bucket")) {
      const bound = Number(/le="([^"]*)"/u.exec(labels)![1]!.replace("Inf", "Infinity"));
      if (value < before.last || bound <= before.bound)
        throw new Error(`${family}: buckets shrink`);
      series.set(rest, { last: value, bound });
    } else if (name.endsWith("_count") && (before.bound !== Infinity || before.last !== value)) {
      throw new Error(`${family}: the count is not the last bucket`);
    }
  }
}
