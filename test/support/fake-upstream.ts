/**
 * A server that speaks the OpenAI API over real sockets and misbehaves on demand: slow, cut off in mid-stream, answering with
 * errors or garbage, refusing connections, dead and back again on the same port. It keeps what it was asked.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface FakeRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was sent
  readonly body: any;
  /** The connection went away before the answer was complete. */
  isAborted: boolean;
}

/** How one request is answered. */
export interface Behaviour {
  /** Another status than 200, with this body and these headers. */
  readonly status?: number;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Texts to stream, one a chunk; default: `max_tokens` times a word. */
  readonly texts?: readonly string[];
  /** Sends a chunk with only a role first, as vLLM does. */
  readonly role?: boolean;
  readonly usage?: object | "none";
  /** Waits for this before the text with index `pauseAt` (default 0). */
  readonly until?: Promise<void>;
  readonly pauseAt?: number;
  /** Destroys the connection after so many texts. */
  readonly cutAfter?: number;
  /** Ends the answer properly after so many texts, without a finish. */
  readonly stopAfter?: number;
  /** Sent instead of everything else, byte by byte as given; `until` comes after it. */
  readonly raw?: readonly (string | Uint8Array)[];
  /** Never answers. */
  readonly isSilent?: boolean;
}

export class FakeUpstream {
  readonly requests: FakeRequest[] = [];
  behave: (request: FakeRequest) => Behaviour = () => ({});
  healthStatus = 200;
  models: object[] = [{ id: "served-model", object: "model" }];
  metrics = "";
  readonly #sockets = new Set<Socket>();
  /** Sockets with an answer under way. */
  readonly #busy = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<FakeUpstream> {
    const fake = new FakeUpstream();
    await fake.listen();
    return fake;
  }

  /** Base URL, ending in /v1. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** Requests that asked for output. */
  get generations(): FakeRequest[] {
    return this.requests.filter(({ path }) => /completions$|embeddings$/u.test(path));
  }

  /** Listens (again), on the same port as before. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Dies: connections break, new ones are refused. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server!.close(resolve));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  /** Takes no new connections; those it has go on. */
  stopListening(): void {
    this.#server!.close();
    for (const socket of this.#sockets) if (!this.#busy.has(socket)) socket.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    const text = await textOf(request);
    const kept: FakeRequest = {
      path,
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
      isAborted: false,
    };
    this.requests.push(kept);
    response.on("close", () => {
      kept.isAborted = !response.writableEnded;
      this.#busy.delete(request.socket);
    });
    if (path.endsWith("/health")) send(response, this.healthStatus, {});
    else if (path.endsWith("/models")) send(response, 200, { object: "list", data: this.models });
    else if (path.endsWith("/metrics")) response.end(this.metrics);
    else {
      this.#busy.add(request.socket);
      await behaveAs(this.behave(kept), kept, response);
    }
  }
}

async function behaveAs(
  behaviour: Behaviour,
  request: FakeRequest,
  response: ServerResponse,
): Promise<void> {
  const { status, body, raw, isSilent, until, pauseAt } = behaviour;
  if (isSilent === true) return;
  if (status !== undefined || body !== undefined) {
    if (pauseAt === undefined) await until;
    send(response, status ?? 200, body ?? {}, behaviour.headers);
    return;
  }
  if (request.path.endsWith("/embeddings")) {
    const data = [{ object: "embedding", index: 0, embedding: [0.25, -1] }];
    const usage = behaviour.usage ?? { prompt_tokens: 7, total_tokens: 7 };
    send(response, 200, { object: "list", model: request.body.model, data, usage });
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  if (raw === undefined) await stream(behaviour, request, response);
  else {
    for (const part of raw) await write(response, part);
    await until;
  }
  response.end();
}

async function stream(
  behaviour: Behaviour,
  request: FakeRequest,
  response: ServerResponse,
): Promise<void> {
  const limit: number = request.body.max_tokens ?? request.body.max_completion_tokens;
  const texts = behaviour.texts ?? Array.from({ length: limit }, (_, index) => ` w${index}`);
  const isChat = request.path.endsWith("/chat/completions");
  const choiceOf = (text: string): object => (isChat ? { delta: { content: text } } : { text });
  const pauseAt = behaviour.pauseAt ?? 0;
  if (behaviour.role === true) {
    await event(response, chunkOf({ delta: { role: "assistant", content: "" } }));
  }
  for (const [index, text] of texts.entries()) {
    if (index === pauseAt) await behaviour.until;
    if (index === behaviour.cutAfter) response.socket?.resetAndDestroy();
    if (index === behaviour.cutAfter || index === behaviour.stopAfter) return;
    await event(response, chunkOf(choiceOf(text)));
  }
  const end = { ...choiceOf(""), finish_reason: texts.length >= limit ? "length" : "stop" };
  await event(response, chunkOf(end));
  await endStream(behaviour, texts.length, response);
}

async function endStream(
  { usage }: Behaviour,
  tokens: number,
  response: ServerResponse,
): Promise<void> {
  if (usage !== "none") {
    const counted = { prompt_tokens: 11, completion_tokens: tokens, ...usage };
    await event(response, { choices: [], usage: counted });
  }
  await write(response, "data: [DONE]\n\n");
}

function chunkOf(choice: object): object {
  const whole = { index: 0, logprobs: null, finish_reason: null, ...choice };
  return { id: "x", object: "chunk", choices: [whole], usage: null };
}

function event(response: ServerResponse, data: object): Promise<void> {
  return write(response, `data: ${JSON.stringify(data)}\n\n`);
}

/** Waits for the reader, as far as the socket lets it. */
async function write(response: ServerResponse, part: string | Uint8Array): Promise<void> {
  if (response.destroyed || response.write(part)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      response.off("drain", go);
      response.off("close", go);
      resolve();
    };
    response.on("drain", go);
    response.on("close", go);
  });
}

function send(
  response: ServerResponse,
  status: number,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const part of request) text += String(part);
  return text;
}
