/**
 * A program that lives to be killed: appends requests to the ledger of the file given as fast as it can, and prints each id
 * once its batch is durable. The second argument begins its ids.
 */
import { writeSync } from "node:fs";
import { LedgerWriter } from "../../../src/live/store/ledger-writer.ts";
import { charge, usage } from "./entries.ts";

const [storage, prefix] = process.argv.slice(2);
/** Requests that are under way at any time. */
const CLIENTS = 50;

const writer = new LedgerWriter({ storage: storage!, durability: "process" });
let count = 0;

function next(): void {
  const request = `${prefix}-${count++}`;
  const charges = [
    charge({ request, kind: "gpu", quantity: 1000, amountNanoUsd: 11 }),
    charge({ request, kind: "output", quantity: 7, amountNanoUsd: 140 }),
  ];
  writer.append({ charges, usage: [usage({ request })] }, () => {
    // At once and not through a stream, which would keep it: stdout is a file.
    writeSync(1, `${request}\n`);
    setImmediate(next);
  });
}

for (let client = 0; client < CLIENTS; client++) next();
