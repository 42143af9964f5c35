/**
 * Reads a streamed answer as it comes in and keeps what a load test wants of it: when output came, how much, and how it
 * ended. Only usage and error records are parsed; of the rest it is enough to see that they carry output, since tens of
 * thousands of them come in every second.
 */
import type { JsonRecord } from "./json.ts";
import { parseRecord, recordOf } from "./json.ts";

/** A record whose delta or text is not empty. */
const OUTPUT = /"(?:content|text|reasoning_content|reasoning)"\s*:\s*"(?!")/;
/** A record to be read whole. */
const NOTABLE = /"(?:usage|error)"\s*:\s*\{/;
const FINISHED = /"finish_reason"\s*:\s*"/;
const DATA = "data:";
const DONE = "[DONE]";

export interface Usage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

export class StreamedAnswer {
  /** When the first and the newest output came; NaN before. */
  firstOutputNs = Number.NaN;
  lastOutputNs = Number.NaN;
  /** Records with output so far: how many tokens came where nobody says. */
  pieces = 0;
  usage: Usage | undefined;
  error: JsonRecord | undefined;
  /** The server said that nothing follows. */
  isFinished = false;
  /** A line whose end has not come yet. */
  #rest = "";

  /** Takes bytes that came at `nowNs`. */
  feed(bytes: Buffer, nowNs: number): void {
    // Latin-1 keeps every byte one character, so a character cut in two by the network breaks nothing.
    const text = this.#rest + bytes.toString("latin1");
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#line(text.slice(start, end), nowNs);
      start = end + 1;
    }
    this.#rest = text.slice(start);
  }

  #line(line: string, nowNs: number): void {
    if (!line.startsWith(DATA)) return;
    if (OUTPUT.test(line)) {
      if (this.pieces === 0) this.firstOutputNs = nowNs;
      this.lastOutputNs = nowNs;
      this.pieces += 1;
    }
    if (FINISHED.test(line)) this.isFinished = true;
    if (NOTABLE.test(line)) this.#notable(line.slice(DATA.length));
    else if (line.slice(DATA.length).trim() === DONE) this.isFinished = true;
  }

  #notable(json: string): void {
    const record = parseRecord(json);
    if (record === undefined) return;
    this.error ??= recordOf(record["error"]);
    const usage = recordOf(record["usage"]);
    if (usage !== undefined) this.usage = usageOf(usage);
  }
}

function usageOf(usage: JsonRecord): Usage | undefined {
  const promptTokens = usage["prompt_tokens"];
  const outputTokens = usage["completion_tokens"];
  if (typeof promptTokens !== "number" || typeof outputTokens !== "number") return undefined;
  const cached = recordOf(usage["prompt_tokens_details"])?.["cached_tokens"];
  return { promptTokens, outputTokens, cachedTokens: typeof cached === "number" ? cached : 0 };
}
