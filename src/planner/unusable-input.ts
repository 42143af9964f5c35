/** A file turned out unusable while a plan was at work: a trace with broken rows, or runs kept of another scenario. */

/** Its message is for the user. */
export class UnusableInput extends Error {
  override name = "UnusableInput";
}
