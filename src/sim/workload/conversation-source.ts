/**
 * Conversations laid over a source of first turns: when an answer has come, its user thinks and sends a prompt that holds all
 * that was said before and something new. All lengths and pauses of a conversation are drawn when it begins, so that how
 * fast the platform answers changes no draw. A conversation ends with its last turn, with a request that does not
 * complete, when its next prompt would be too long, and at the end of arrivals.
 */
import { assert } from "../../base/assert.ts";
import { Heap } from "../../base/heap.ts";
import type { PromptSegments } from "../../replica/prefix-key.ts";
import type { Arrival } from "./client.ts";
import type { DrawRequest, Finished, RequestSource } from "./requests.ts";

/** A turn after the first: what its user adds, how long the answer is, and the pause before it. */
export interface Turn {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly thinkNs: number;
}

interface Conversation {
  readonly turns: readonly Turn[];
  taken: number;
}

interface Due {
  readonly arrival: Arrival;
  readonly order: number;
}

interface Rules {
  /** Draws the turns after the first. */
  readonly drawTurns: () => Turn[];
  readonly maxPromptTokens: number;
  readonly endNs: number;
}

export class ConversationSource implements RequestSource {
  readonly #rules: Rules;
  readonly #starts: RequestSource;
  /** Those that go on, by their stream of tokens: one entry per conversation in flight or paused. */
  readonly #open = new Map<PromptSegments, Conversation>();
  readonly #due = new Heap<Due>(isBefore);
  #planned = 0;

  /** `startsWith` makes the source of first turns, each drawn by the function it is given. */
  constructor(
    rules: Rules,
    drawFirst: DrawRequest,
    startsWith: (draw: DrawRequest) => RequestSource,
  ) {
    this.#rules = rules;
    this.#starts = startsWith((timeNs) => {
      const arrival = drawFirst(timeNs);
      const turns = rules.drawTurns();
      if (turns.length > 0) this.#open.set(arrival.segments!, { turns, taken: 0 });
      return arrival;
    });
  }

  get nextNs(): number {
    return Math.min(this.#dueNs, this.#starts.nextNs);
  }

  take(): Arrival {
    if (this.#starts.nextNs < this.#dueNs) return this.#starts.take();
    const due = this.#due.pop();
    assert(due !== undefined, "a turn is due");
    return due.arrival;
  }

  finished(end: Finished): void {
    const next = this.#nextTurn(end);
    if (next !== undefined) {
      this.#due.push({ arrival: next, order: this.#planned++ });
      return;
    }
    if (end.arrival.segments !== undefined) this.#open.delete(end.arrival.segments);
    this.#starts.finished(end);
  }

  get #dueNs(): number {
    return this.#due.peek()?.arrival.timeNs ?? Infinity;
  }

  #nextTurn({ arrival, readyNs, outputTokens }: Finished): Arrival | undefined {
    const conversation = arrival.segments && this.#open.get(arrival.segments);
    if (conversation === undefined || outputTokens === undefined) return undefined;
    const turn = conversation.turns[conversation.taken];
    if (turn === undefined) return undefined;
    conversation.taken += 1;
    const promptTokens = arrival.promptTokens + outputTokens + turn.promptTokens;
    const timeNs = Math.round(readyNs + turn.thinkNs);
    if (promptTokens > this.#rules.maxPromptTokens || timeNs >= this.#rules.endNs) return undefined;
    return { ...arrival, timeNs, promptTokens, outputTokens: turn.outputTokens, attempt: 0 };
  }
}

function isBefore(a: Due, b: Due): boolean {
  if (a.arrival.timeNs !== b.arrival.timeNs) return a.arrival.timeNs < b.arrival.timeNs;
  return a.order < b.order;
}
