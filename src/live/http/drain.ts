/**
 * Goes away without hurting anyone: newcomers are sent elsewhere, those in flight end in peace or, after a while, with an error
 * that tells them to try again; then the sockets close.
 */
import type { FastifyInstance } from "fastify";
import type { Traffic } from "./traffic.ts";

/** How long those cut off may take to be settled and told, and then the connections to close by themselves. */
const CUT_OFF_MS = 2000;

/** Resolves when the server is closed, to the number of requests that were cut off. The driver is stopped after it. */
export async function drain(
  app: FastifyInstance,
  traffic: Traffic,
  timeoutMs: number,
): Promise<number> {
  traffic.isDraining = true;
  await within(timeoutMs, traffic.idle());
  const cutOff = traffic.size;
  if (cutOff > 0) {
    traffic.cutOffAll();
    await within(CUT_OFF_MS, traffic.idle());
  }
  const closed = app.close();
  // Requests that were still being sent get their answer; streams of others (a dashboard) have no end of their own.
  await within(CUT_OFF_MS, closed);
  app.server.closeAllConnections();
  await closed;
  return cutOff;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
