/**
 * Serves the dashboard: the page at /dashboard, and at /dashboard/events, to whoever has the admin key, a stream with the
 * platform's status and the newest slices every second; /dashboard/status gives scripts the same once. One snapshot serves all
 * readers; without a reader none is taken.
 * A reader that does not keep up skips seconds, and gets the slices it missed when it can take more.
 */
import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Driver } from "../driver.ts";
import type { Collecting } from "../observe/collecting.ts";
import type { RecentSlice } from "../observe/recent.ts";
import { type PlatformStatus, platformStatus } from "../observe/status.ts";
import { dashboardPage } from "./page.ts";

const EVERY_MS = 1000;
/** Browsers with the page open; beyond it newcomers are answered 503. Assumed: operators, not the public. */
const MOST_READERS = 32;

interface DashboardParts {
  readonly driver: Driver;
  readonly collecting: Collecting;
  readonly isAdmin: (request: FastifyRequest) => boolean | Promise<boolean>;
  /** Text of the Vega runtime as a classic script, from vega/build/vega.min.js. */
  readonly vegaSource: string;
}

export function registerDashboard(app: FastifyInstance, parts: DashboardParts): void {
  const { html, contentPolicy } = dashboardPage(parts.driver.engine.platform, parts.vegaSource);
  const feed = new Feed(parts);
  app.get("/dashboard", (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", contentPolicy)
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "no-referrer")
      .header("cache-control", "no-cache")
      .send(html),
  );
  app.get("/dashboard/status", async (request: FastifyRequest, reply: FastifyReply) => {
    if (await parts.isAdmin(request)) return reply.send(feed.status());
    return reply.code(401).send(refusal(NEEDS_KEY, "invalid_api_key"));
  });
  app.get("/dashboard/events", async (request: FastifyRequest, reply: FastifyReply) => {
    if (!(await parts.isAdmin(request)))
      return reply.code(401).send(refusal(NEEDS_KEY, "invalid_api_key"));
    if (feed.isFull) return reply.code(503).send(refusal(TOO_MANY, "overloaded"));
    reply.hijack();
    reply.raw.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    feed.add(reply.raw);
    return reply;
  });
  app.addHook("preClose", (done: () => void) => {
    feed.close();
    done();
  });
}

const NEEDS_KEY = "The dashboard needs the admin key, as 'Authorization: Bearer <key>'.";
const TOO_MANY = `${MOST_READERS} dashboards are open already; close one.`;

function refusal(message: string, code: string): object {
  return { error: { message, type: "invalid_request_error", param: null, code } };
}

class Feed {
  readonly #parts: DashboardParts;
  /** Readers, and the first slice each still needs. */
  readonly #readers = new Map<ServerResponse, number>();
  #timer: NodeJS.Timeout | undefined;
  #before: PlatformStatus | undefined;

  constructor(parts: DashboardParts) {
    this.#parts = parts;
  }

  get isFull(): boolean {
    return this.#readers.size >= MOST_READERS;
  }

  add(reader: ServerResponse): void {
    this.#readers.set(reader, 0);
    reader.on("close", () => this.#remove(reader));
    reader.on("error", () => this.#remove(reader));
    this.#timer ??= setInterval(() => this.#tell(), EVERY_MS);
    this.#tell();
  }

  /** The platform now. */
  status(): PlatformStatus {
    const { driver, collecting } = this.#parts;
    collecting.tick();
    return driver.inspect((engine, nowNs) =>
      platformStatus(engine, collecting, nowNs, this.#before),
    );
  }

  close(): void {
    for (const reader of this.#readers.keys()) reader.end();
    this.#readers.clear();
    this.#stop();
  }

  #remove(reader: ServerResponse): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#before = undefined;
  }

  #tell(): void {
    const status = this.status();
    this.#before = status;
    const text = JSON.stringify(status);
    const slices = this.#parts.collecting.recent.slices();
    for (const [reader, from] of this.#readers) {
      if (reader.writableNeedDrain) continue;
      reader.write(
        event(
          text,
          slices.filter(({ index }) => index >= from),
        ),
      );
      this.#readers.set(reader, slices.at(-1)!.index);
    }
  }
}

function event(status: string, slices: readonly RecentSlice[]): string {
  return `data: {"status":${status},"slices":${JSON.stringify(slices)}}\n\n`;
}
