/**
 * What a client asks for, once it is known when: lengths and adapter, drawn from the client's own streams. A source is
 * anything that brings about first attempts in order of time; retries are laid over it by clients.ts.
 */
import { assert } from "../../base/assert.ts";
import type { RandomStream } from "../../base/random.ts";
import type { ClientConfig } from "../../scenario/scenario.ts";
import type { PromptSegments } from "../../replica/prefix-key.ts";
import type { Arrival } from "./client.ts";
import { createLengthSampler } from "../../scenario/length-sampler.ts";

/** First attempts, one at a time. */
export interface RequestSource {
  /** When the next one arrives: an integer, or Infinity when none is known. */
  readonly nextNs: number;
  /** Takes it; only when nextNs is finite. */
  take(): Arrival;
  /** A request ended for good, after all its attempts. */
  finished(end: Finished): void;
}

/** How a request ended. */
export interface Finished {
  /** The last attempt. */
  readonly arrival: Arrival;
  /** Its user would send again after this at the earliest. */
  readonly readyNs: number;
  /** The answer's length; undefined when it did not complete. */
  readonly outputTokens: number | undefined;
}

/** Makes the first attempt of a request of random lengths. */
export type DrawRequest = (timeNs: number) => Arrival;

/** Makes the first attempt of a request whose lengths and prompt are known. */
export type ShapeRequest = (
  timeNs: number,
  promptTokens: number,
  outputTokens: number,
  segments: PromptSegments | undefined,
) => Arrival;

/** Draws what a user writes in one request and how long the answer is, in this order. */
export interface LengthDraws {
  readonly promptTokens: () => number;
  readonly outputTokens: () => number;
}

/** The named stream for one purpose of one client. */
export type StreamFor = (
  purpose: "arrivals" | "sojourns" | "lengths" | "adapter" | "retry" | "think" | "turns" | "pauses",
) => RandomStream;

/** Lengths from the client's distributions. */
export function drawnLengths(config: ClientConfig, streamFor: StreamFor): LengthDraws {
  const lengths = streamFor("lengths");
  return {
    promptTokens: createLengthSampler(config.promptTokens, lengths),
    outputTokens: createLengthSampler(config.outputTokens, lengths),
  };
}

/** Requests with given lengths; the output is cut at the client's max_tokens, as a server would cut it. */
export function shapedRequests(config: ClientConfig, streamFor: StreamFor): ShapeRequest {
  const { maxOutputTokens } = config;
  const limit = maxOutputTokens ?? Infinity;
  assert(limit >= 1, "max_tokens is at least 1");
  const drawAdapter = adapterSampler(config.adapterShares, streamFor);
  return (timeNs, promptTokens, outputTokens, segments) => ({
    timeNs,
    promptTokens,
    outputTokens: Math.min(limit, outputTokens),
    maxOutputTokens,
    adapter: drawAdapter(),
    segments,
    attempt: 0,
  });
}

/** An index into the shares, each with its probability; undefined with what they leave of 1. */
function adapterSampler(shares: readonly number[], streamFor: StreamFor): () => number | undefined {
  if (shares.length === 0) return () => undefined;
  const random = streamFor("adapter");
  return () => {
    let rest = random();
    for (let i = 0; i < shares.length; i++) {
      rest -= shares[i]!;
      if (rest < 0) return i;
    }
    return undefined;
  };
}
