/**
 * The journal's format: JSON lines. The first is the header; every further one is an array that begins with the name of an
 * input, or with ">" and the name of a decision that the input before it led to. Times are nanoseconds since the run began.
 */
import { z } from "zod";
import type { Charge } from "../../engine/cost/charge.ts";
import type { EngineEffects, EngineEvent } from "../../engine/effects.ts";
import type { Admission, Outcome, Request } from "../../engine/request.ts";

export const JOURNAL_VERSION = 1 as const;

const header = z.object({
  journal: z.literal(JOURNAL_VERSION),
  tenantry: z.string(),
  /** Unix time at which the run began, ms. */
  startedAtMs: z.number(),
  /** What the platform was loaded from. */
  scenario: z.object({ text: z.string(), overrides: z.array(z.string()).readonly() }),
});

export type JournalHeader = Readonly<z.output<typeof header>>;

/** The first line of a journal; undefined when it is not one that this program replays. */
export function parseHeader(line: string): JournalHeader | undefined {
  try {
    return header.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

export type Line = readonly (string | number | boolean | null | readonly (number | null)[])[];

/** Effects that write down every decision before it is carried out; `forward` may carry it out. */
export function decisionWriter<Origin>(
  write: (line: Line) => void,
  forward: EngineEffects<Origin>,
): EngineEffects<Origin> {
  return {
    join(nowNs, replica, slot, request) {
      write([">join", replica, slot, request.number]);
      forward.join(nowNs, replica, slot, request);
    },
    evict(nowNs, replica, slot) {
      write([">evict", replica, slot]);
      forward.evict(nowNs, replica, slot);
    },
    loadAdapter(nowNs, replica, adapter, bytes) {
      write([">loadAdapter", replica, adapter, bytes]);
      forward.loadAdapter(nowNs, replica, adapter, bytes);
    },
    unloadAdapter(nowNs, replica, adapter) {
      write([">unloadAdapter", replica, adapter]);
      forward.unloadAdapter(nowNs, replica, adapter);
    },
    askBoundary(nowNs, replica, step) {
      write([">askBoundary", replica, step === Infinity ? null : step]);
      forward.askBoundary(nowNs, replica, step);
    },
    provision(nowNs, replica) {
      write([">provision", replica]);
      forward.provision(nowNs, replica);
    },
    release(nowNs, replica) {
      write([">release", replica]);
      forward.release(nowNs, replica);
    },
    wakeAt(timeNs) {
      write([">wakeAt", timeNs]);
      forward.wakeAt(timeNs);
    },
    firstToken(nowNs, request) {
      write([">firstToken", request.number]);
      forward.firstToken(nowNs, request);
    },
    ended(nowNs, request, outcome) {
      write(endedLine(request, outcome));
      forward.ended(nowNs, request, outcome);
    },
    charged(nowNs, charge) {
      write(chargedLine(charge));
      forward.charged(nowNs, charge);
    },
    event(nowNs, event) {
      write(eventLine(event));
      forward.event(nowNs, event);
    },
  };
}

export function admissionLine(admission: Admission<unknown>): Line {
  if (admission.kind === "accepted") return [">accepted", admission.request.number];
  const { reason, retryAfterNs } = admission;
  return [">rejected", reason, retryAfterNs === Infinity ? null : retryAfterNs];
}

export function reloadLine(refusal: { readonly refused: string } | undefined): Line {
  return refusal === undefined ? [">reloaded"] : [">reloadRefused", refusal.refused];
}

function endedLine(request: Request<unknown>, outcome: Outcome): Line {
  return [">ended", request.number, outcome, request.promptTokens, request.outputTokens];
}

function chargedLine({ tenant, request, kind, quantity, amountNanoUsd }: Charge): Line {
  return [">charged", tenant, request ?? null, kind, quantity, amountNanoUsd];
}

function eventLine({ kind, message }: EngineEvent): Line {
  return [">event", kind, message];
}
