/**
 * Who pays for a stay. Decoding is the tenant's: its tokens were delivered. Computing the prompt is the tenant's once, in the
 * stay that produces the first token; doing it again after an eviction or a crash, or in vain, is the platform's, except
 * where the caller himself broke it off.
 */
import type { Departure } from "../../replica/port.ts";
import type { Request } from "../request.ts";
import type { StayTime } from "./ledger.ts";

export function splitStay(request: Request<unknown>, departure: Departure): StayTime {
  const { prefillPs, decodePs, batchSharePs } = departure;
  const isProductive = departure.outputTokens > 0 || departure.reason === "finished";
  const isFirstProductive = request.outputTokens === 0 && isProductive;
  const isPaid = isFirstProductive || (request.isCancelled && request.outputTokens === 0);
  return {
    tenantPs: decodePs + (isPaid ? prefillPs : 0),
    overheadPs: isPaid ? 0 : prefillPs,
    batchSharePs: isPaid
      ? batchSharePs
      : (batchSharePs * decodePs) / Math.max(1, prefillPs + decodePs),
  };
}

/** Tokens of context that a stay computed and nobody pays for; 0 where it was left before its context was whole. */
export function recomputedTokens(request: Request<unknown>, { overheadPs }: StayTime): number {
  if (overheadPs === 0 || !request.isPrefilled) return 0;
  return request.promptTokens + request.outputTokens - request.cachedHere;
}
