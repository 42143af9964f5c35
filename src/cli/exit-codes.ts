/** The exit codes of the command line, and the one error that carries them. Documented in the README and in --help. */

export const EXIT = {
  fine: 0,
  /** An SLA was missed (simulate --fail-on-sla), or cannot be met (plan). */
  slaMissed: 1,
  /** A scenario, trace, option or output folder that cannot be used. */
  badInput: 2,
  /** Another server took the store while this one served from it. */
  storeLost: 3,
  /** Ended by Ctrl-C: the first where nothing is lost by it, the second where a run is brought to its end. */
  interrupted: 130,
  /** A bug in Tenantry (EX_SOFTWARE of sysexits.h). */
  internal: 70,
} as const;

/** Bad input: its message is all that the user sees. */
export class InputError extends Error {
  override name = "InputError";
}

export const EXIT_CODE_HELP = `
Exit codes:
  0    fine
  1    an SLA was missed (with simulate --fail-on-sla), or cannot be met (plan)
  2    bad input: scenario, trace, option or output folder
  3    another server took the store (serve)
  70   a bug in tenantry
  130  interrupted`;
