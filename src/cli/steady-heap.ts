/**
 * Lets the heap of a program that answers to the millisecond grow further before all of it is collected. Left to itself V8 does so
 * whenever half as much again has gathered, which for `serve` and `load` at 20 requests/s was every 25 to 30 s, and marking
 * 50 MB kept the event loop for 25 to 35 ms each time: the 99th percentile of the time to first token was made of it (measured
 * with --trace-gc, Node 24).
 */
import { setFlagsFromString } from "node:v8";

/** By how much the heap may grow beyond what survived a collection, percent: three times 50 MB lasts for minutes. */
const GROWTH_PERCENT = 200;

/** V8 reads this whenever a collection has ended, so it holds from the next one on. */
export function keepHeapSteady(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
