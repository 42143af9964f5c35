/** Tables of steps as an engine would log them, from a step-time model with known coefficients. */
import { profiledStepModel, type StepProfile } from "../../../src/replica/profiled.ts";
import { type MeasuredStep, predictMs, type StepRow } from "../../../src/profile/step-row.ts";

const PS_PER_MS = 1e9;

/** Bends where the fit may bend, so that it can find every coefficient. */
export const KNOWN: StepProfile = {
  decode: {
    points: [
      { at: 1, ps: 8 * PS_PER_MS },
      { at: 8, ps: 8 * PS_PER_MS },
      { at: 16, ps: 8.8 * PS_PER_MS },
      { at: 64, ps: 13.6 * PS_PER_MS },
    ],
  },
  contextTokenPs: 40_000,
  prefill: {
    points: [
      { at: 64, ps: 0 },
      { at: 512, ps: 4.48 * PS_PER_MS },
      { at: 2048, ps: 35.2 * PS_PER_MS },
      { at: 8192, ps: 158.08 * PS_PER_MS },
    ],
  },
  chunkPs: 0.5 * PS_PER_MS,
  pairPs: 600,
};

const MODEL = profiledStepModel(KNOWN, {
  flopsPerToken: 0,
  weightBytesPerStep: 0,
  contextTokenBytes: 0,
});

/** A step with its true time. */
export function timed(given: Omit<MeasuredStep, "ms">): MeasuredStep {
  return { ...given, ms: predictMs(MODEL, { ...given, ms: 0 }) };
}

function decodeSteps(): readonly MeasuredStep[] {
  const nothing = { prefills: 0, prefillTokens: 0, prefillPairs: 0 };
  return [1, 2, 4, 8, 12, 16, 24, 32, 48, 64].flatMap((decodes) =>
    [200, 1000, 4000].map((each) => timed({ ...nothing, decodes, contextTokens: decodes * each })),
  );
}

/** Whole prompts, and chunks after 4,096 cached tokens. */
function promptSteps(decodes: number): readonly MeasuredStep[] {
  return [64, 128, 256, 512, 1024, 2048, 4096, 8192].flatMap((tokens) =>
    [0, 4096].map((cached) =>
      timed({
        prefills: 1,
        prefillTokens: tokens,
        prefillPairs: tokens * (cached + (tokens + 1) / 2),
        decodes,
        contextTokens: decodes * 1000,
      }),
    ),
  );
}

/** Every kind of step, `repeated` times; `spoil` may change a time. */
export function measuredRows(
  repeated = 1,
  spoil: (ms: number, row: number) => number = (ms) => ms,
): readonly StepRow[] {
  const once = [...decodeSteps(), ...promptSteps(0), ...promptSteps(24)];
  return Array.from({ length: repeated }, () => once)
    .flat()
    .map((row, at) => ({ ...row, ms: spoil(row.ms, at), line: at + 2 }));
}

const HEADER = [
  "prefill_requests",
  "prefill_tokens",
  "prefill_context_tokens",
  "decode_requests",
  "decode_context_tokens",
  "latency_ms",
];

/** The rows in our own format. */
export function csvOf(rows: readonly StepRow[]): string {
  const lines = rows.map(
    ({ prefills, prefillTokens, prefillPairs, decodes, contextTokens, ms }) => {
      const cached = prefills === 0 ? 0 : prefillPairs / prefillTokens - (prefillTokens + 1) / 2;
      return [prefills, prefillTokens, cached, decodes, contextTokens, ms].join();
    },
  );
  return `${[HEADER.join(), ...lines].join("\n")}\n`;
}
