/**
 * vLLM's own log as a table of steps: the line that each iteration leaves with --enable-logging-iteration-details. It says
 * what was computed and for how long. What context was read it says only by how full the KV cache was, in newer versions;
 * for older ones the context is reckoned up from who joined and left. Which chunk continues a prompt, no line says.
 */
import { ProfileError } from "./profile-error.ts";

/** A line of the log as cells of the columns in formats.ts. */
export interface LogLine {
  readonly number: number;
  readonly cell: (column: string) => string | undefined;
}

export interface VllmLog {
  readonly lines: readonly LogLine[];
  /** What a user should know about the context in them. */
  readonly notes: readonly string[];
}

/** As vllm/v1/metrics/loggers.py writes it (0.27), and vllm/v1/engine/core.py before, without the usage. */
const ITERATION =
  /Iteration\((\d+)\): (\d+) context requests, (\d+) context tokens, (\d+) generation requests, (\d+) generation tokens, iteration elapsed time: ([\d.]+) ms( \(dummy\))?(?:, GPU KV cache usage: ([\d.]+)%)?/u;
const ENGINE = /Engine (\d+):|EngineCore_DP(\d+)/u;
const CACHE_SIZE = /GPU KV cache size: ([\d,]+) tokens/u;
const THROUGHPUT = /Avg prompt throughput: [\d.]+ tokens\/s/u;

/** A step takes longer than this, ms; what is below is the time the scheduler waited for a step that had long ended. */
const NO_STEP_MS = 0.1;
const MOST_NO_STEPS = 0.05;

export function isVllmLog(text: string): boolean {
  return ITERATION.test(text) || THROUGHPUT.test(text);
}

/** Fails: ProfileError when the log has no iterations, or those of several engines, or times that are not steps'. */
export function readVllmLog(
  text: string,
  fileName: string,
  kvCacheTokens: number | undefined,
): VllmLog {
  const iterations = iterationsOf(text, fileName);
  checkTimes(iterations, fileName);
  const stated = CACHE_SIZE.exec(text)?.[1]?.replaceAll(",", "");
  const size = kvCacheTokens ?? (stated === undefined ? undefined : Number(stated));
  const hasUsage = iterations.every(({ usage }) => usage !== undefined);
  if (hasUsage && size === undefined) {
    throw new ProfileError(
      `${fileName}: the log says what share of the KV cache was used, and not how large it is: give --kv-cache-tokens (vLLM says "GPU KV cache size: ... tokens" as it starts)`,
    );
  }
  const cached =
    hasUsage && size !== undefined
      ? iterations.map(({ index }, at) =>
          index === 0 ? 0 : ((iterations[at - 1]?.usage ?? 0) / 100) * size,
        )
      : reckonedContext(iterations);
  const budget = Math.max(...iterations.map(tokensOf));
  const lines = iterations.map((one, at): LogLine => {
    const before = iterations[at - 1];
    const isNext = one.index === 0 || one.index - 1 === before?.index;
    const continues = before !== undefined && one.chunks > 0 && tokensOf(before) >= budget;
    const known = { cached: cached[at]!, continues, isNext };
    return { number: one.line, cell: (column) => cellOf(one, column, known) };
  });
  return { lines, notes: [hasUsage ? USAGE_NOTE : RECKONED_NOTE] };
}

const USAGE_NOTE =
  "Context is what the log says of the KV cache's use, to a thousandth of it: with prefix caching, blocks that several sequences read count once.";
const RECKONED_NOTE =
  "The log does not say how full the KV cache was: context is reckoned up from the sequences that joined and left, the oldest taken to leave first, so what context costs is rough.";

interface Iteration {
  readonly line: number;
  readonly index: number;
  readonly chunks: number;
  readonly chunkTokens: number;
  readonly decodes: number;
  readonly decodeTokens: number;
  readonly ms: string;
  readonly isDummy: boolean;
  /** Of the KV cache after the step, percent. */
  readonly usage: number | undefined;
}

function iterationsOf(text: string, fileName: string): readonly Iteration[] {
  const found: Iteration[] = [];
  const engines = new Set<string>();
  for (const [at, line] of text.split("\n").entries()) {
    const match = ITERATION.exec(line);
    if (match === null) continue;
    const engine = ENGINE.exec(line);
    engines.add(engine?.[1] ?? engine?.[2] ?? "");
    const [, index, chunks, chunkTokens, decodes, decodeTokens, ms, dummy, usage] = match;
    found.push({
      line: at + 1,
      index: Number(index),
      chunks: Number(chunks),
      chunkTokens: Number(chunkTokens),
      decodes: Number(decodes),
      decodeTokens: Number(decodeTokens),
      ms: ms ?? "",
      isDummy: dummy !== undefined,
      usage: usage === undefined ? undefined : Number(usage),
    });
  }
  if (found.length === 0) {
    throw new ProfileError(
      `${fileName}: this log says how many tokens vLLM computed in some seconds (Avg prompt throughput), not how long a step took nor what was in it, and no step times follow from that: start vLLM with --enable-logging-iteration-details and --no-async-scheduling, and import its log`,
    );
  }
  if (engines.size > 1) {
    throw new ProfileError(
      `${fileName}: the log holds iterations of ${engines.size} engines (${[...engines].join(", ")}): a profile is of one; keep the lines of one`,
    );
  }
  return found;
}

function checkTimes(iterations: readonly Iteration[], fileName: string): void {
  const none = iterations.filter(({ ms, isDummy }) => !isDummy && Number(ms) < NO_STEP_MS);
  if (none.length <= MOST_NO_STEPS * iterations.length) return;
  throw new ProfileError(
    `${fileName}:${none[0]!.line}: ${none.length} of ${iterations.length} iterations took less than ${NO_STEP_MS} ms, which is no step's time: with async scheduling the log times what the scheduler waited; start vLLM with --no-async-scheduling`,
  );
}

/** What the lines before say of an iteration. */
interface Before {
  readonly cached: number;
  /** Whether one of its chunks may go on with a prompt begun before. */
  readonly continues: boolean;
  /** Whether the line before is of the iteration before. */
  readonly isNext: boolean;
}

function tokensOf({ chunkTokens, decodeTokens }: Iteration): number {
  return chunkTokens + decodeTokens;
}

/**
 * The cell of a column. All that was cached before a step is context of its decoding sequences, or of its prompts where it
 * has no others. Only a step that used up its budget can have left a prompt unfinished.
 */
function cellOf(
  one: Iteration,
  column: string,
  { cached, continues, isNext }: Before,
): string | undefined {
  switch (column) {
    case "ctx_requests":
      return String(one.chunks);
    case "ctx_tokens":
      return String(one.chunkTokens);
    case "ctx_kv_tokens":
      return String(one.decodes === 0 && continues ? Math.round(cached) : 0);
    case "decode_requests":
      return String(one.decodes);
    case "decode_tokens":
      return String(one.decodeTokens);
    case "decode_kv_tokens":
      return String(one.decodes === 0 ? 0 : Math.max(one.decodes, Math.round(cached)));
    case "latency_ms":
      return one.ms;
    case "left_out":
      return reasonAgainst(one, { continues, isNext });
    default:
      return undefined;
  }
}

function reasonAgainst(
  one: Iteration,
  { continues, isNext }: Pick<Before, "continues" | "isNext">,
): string {
  if (!isNext) return "the iteration before is missing: what was cached is not known";
  if (one.isDummy) return "a rank of a data-parallel engine that only kept step with the others";
  if (one.decodes > 0 && continues) {
    return "a prompt is continued beside decoding sequences: whose context is whose cannot be told";
  }
  return "";
}

/** Tokens cached before each iteration, where nothing but who was in it is known. */
function reckonedContext(iterations: readonly Iteration[]): readonly number[] {
  const running: number[] = [];
  const found: number[] = [];
  let prompts = 0;
  let promptTokens = 0;
  for (const { index, chunks, chunkTokens, decodes } of iterations) {
    if (index === 0) running.length = 0;
    // Whoever decodes now and did not before has had its prompt computed; whoever is missing has left, the oldest first.
    const finished = Math.max(0, running.length + prompts - decodes);
    const joined = Math.min(prompts, Math.max(0, decodes - running.length + finished));
    for (let each = 0; each < joined; each++) running.push(promptTokens / prompts);
    if (joined > 0 || chunks === 0) {
      prompts = 0;
      promptTokens = 0;
    }
    running.splice(0, Math.max(0, running.length - decodes));
    found.push(running.reduce((sum, tokens) => sum + tokens, 0) + promptTokens);
    for (const at of running.keys()) running[at]! += 1;
    prompts = Math.max(prompts, chunks);
    promptTokens += chunkTokens;
  }
  return found;
}
