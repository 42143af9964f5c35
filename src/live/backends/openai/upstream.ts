/**
 * One upstream server as a thing to talk to: its connections, its addresses, its key, the model it serves, and the short
 * requests that ask how it is. Decides nothing; health.ts and upstream-replica.ts do.
 */
import { Pool, type Dispatcher } from "undici";
import type { UpstreamConfig } from "../../../scenario/serve-config.ts";
import type { Endpoint } from "../../exchange.ts";
import { isObject } from "./choices.ts";
import { type Dialect, dialectOf } from "./dialects.ts";
import { failureOfConnection, failureOfStatus } from "./failure.ts";
import { type UpstreamMetrics, readMetrics } from "./metrics-scrape.ts";
import type { Timing } from "./timing.ts";

const PATHS: Readonly<Record<Endpoint, string>> = {
  chat: "/chat/completions",
  completion: "/completions",
  embedding: "/embeddings",
};

/** The least that makes a server compute. */
const PROOFS: Readonly<Record<Endpoint, object>> = {
  chat: { messages: [{ role: "user", content: "Hi" }], max_tokens: 1 },
  completion: { prompt: "Hi", max_tokens: 1 },
  embedding: { input: "Hi" },
};

/** How a server answered when it was asked how it is. */
export type ProbeResult =
  | { readonly kind: "good" }
  /** `isSilent`: no answer in time, which a busy server may be excused. */
  | { readonly kind: "bad"; readonly cause: string; readonly isSilent: boolean };

interface Short {
  readonly status: number;
  readonly text: string;
}

export interface UpstreamParts {
  readonly config: UpstreamConfig;
  /** The pool's model: picks among several that a server lists. */
  readonly poolModel: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timing: Timing;
}

export class Upstream {
  readonly config: UpstreamConfig;
  readonly dialect: Dialect;
  /** For people: without credentials. */
  readonly address: string;
  readonly #parts: UpstreamParts;
  readonly #pool: Pool;
  /** Path of the API, without a slash at its end; and of the server itself. */
  readonly #basePath: string;
  readonly #rootPath: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** As the server calls it; undefined until it was asked. */
  #model: string | undefined;

  constructor(parts: UpstreamParts) {
    const { config, timing } = parts;
    const url = new URL(config.url);
    this.#parts = parts;
    this.config = config;
    this.dialect = dialectOf(config.engine);
    this.address = url.origin + url.pathname;
    this.#basePath = url.pathname.replace(/\/+$/u, "");
    this.#rootPath = this.#basePath.replace(/\/v1$/u, "");
    this.#headers = { "content-type": "application/json", ...authorization(parts) };
    this.#model = config.model;
    this.#pool = new Pool(url.origin, {
      pipelining: 1,
      allowH2: false,
      connect: { timeout: timing.connectMs },
      headersTimeout: timing.firstByteMs,
      bodyTimeout: timing.silenceMs,
    });
  }

  get model(): string | undefined {
    return this.#model;
  }

  /** Sends a request and leaves the answer to `handler`. Never from inside an input: a socket may speak up at once. */
  send(
    endpoint: Endpoint,
    body: string,
    requestId: string,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const headers = { ...this.#headers, "x-request-id": requestId };
    const path = this.#basePath + PATHS[endpoint];
    this.#pool.dispatch({ method: "POST", path, headers, body }, handler);
  }

  /** Asks the server whether it is well and, where that is not known, what it calls its model. */
  async probe(): Promise<ProbeResult> {
    return await this.#asked(async () => {
      const health = await this.#get(`${this.#rootPath}/health`);
      const hasHealth = health.status !== 404 && health.status !== 405;
      if (hasHealth && (verdict(health).kind === "bad" || this.#model !== undefined)) {
        return verdict(health);
      }
      const models = await this.#get(`${this.#basePath}/models`);
      return this.#model === undefined ? this.#learnModel(models) : verdict(models);
    });
  }

  /** Has the server compute something: only that shows that a server which failed to does so again. */
  async prove(endpoint: Endpoint): Promise<ProbeResult> {
    return await this.#asked(async () => {
      const body = JSON.stringify({ model: this.#model, ...PROOFS[endpoint] });
      const answer = await this.#short("POST", this.#basePath + PATHS[endpoint], body);
      // It may dislike our question; it has understood it.
      if (answer.status === 400 || answer.status === 422) return { kind: "good" };
      return verdict(answer);
    });
  }

  /** The server may come back with another model. */
  forgetModel(): void {
    this.#model = this.config.model;
  }

  /** Undefined where the server tells nothing about itself. */
  async metrics(): Promise<UpstreamMetrics | undefined> {
    const names = this.dialect.metrics;
    if (names === undefined) return undefined;
    const { status, text } = await this.#get(`${this.#rootPath}/metrics`);
    return status === 200 ? readMetrics(text, names) : undefined;
  }

  /** Posts to one of the API's side doors (loading and unloading adapters). */
  async post(path: string, body: object): Promise<Short> {
    return await this.#short("POST", this.#basePath + path, JSON.stringify(body));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #learnModel(answer: Short): ProbeResult {
    const result = verdict(answer);
    if (result.kind === "bad") return result;
    this.#model = chosenModel(answer.text, this.#parts.poolModel);
    if (this.#model !== undefined) return result;
    const cause = "it lists no model: set the upstream's model in the scenario";
    return { kind: "bad", cause, isSilent: false };
  }

  async #asked(ask: () => Promise<ProbeResult>): Promise<ProbeResult> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.name === "TimeoutError") {
        return { kind: "bad", cause: "it does not answer", isSilent: true };
      }
      return { kind: "bad", cause: failureOfConnection(error).cause, isSilent: false };
    }
  }

  #get(path: string): Promise<Short> {
    return this.#short("GET", path);
  }

  async #short(method: "GET" | "POST", path: string, body?: string): Promise<Short> {
    const signal = AbortSignal.timeout(this.#parts.timing.probeMs);
    const headers = this.#headers;
    const answer = await this.#pool.request({ method, path, headers, signal, body: body ?? null });
    return { status: answer.statusCode, text: await answer.body.text() };
  }
}

function authorization({ config, environment }: UpstreamParts): Record<string, string> {
  const { keyVariable } = config;
  if (keyVariable === undefined) return {};
  const key = environment[keyVariable];
  if (key === undefined || key === "") {
    throw new Error(
      `serve.upstreams: ${new URL(config.url).host} takes its key from the environment variable ${keyVariable}, which is not set: set it, or remove keyVariable`,
    );
  }
  return { authorization: `Bearer ${key}` };
}

function verdict({ status, text }: Short): ProbeResult {
  if (status >= 200 && status < 300) return { kind: "good" };
  const failure = failureOfStatus(status, text, undefined);
  const cause = failure.kind === "server" ? failure.cause : `it answers ${status}`;
  return { kind: "bad", cause, isSilent: false };
}

/** The pool's model where it is listed, else the first that is no adapter (vLLM names an adapter's parent). */
function chosenModel(text: string, poolModel: string): string | undefined {
  let listed: unknown;
  try {
    listed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const data: unknown = isObject(listed) ? listed["data"] : undefined;
  const models = Array.isArray(data) ? data.filter(isObject) : [];
  const bases = models.filter(({ parent }) => parent === undefined || parent === null);
  const ids = bases.map(({ id }) => id).filter((id) => typeof id === "string");
  return ids.find((id) => id === poolModel) ?? ids[0];
}
