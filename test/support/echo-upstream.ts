/**
 * A small OpenAI-compatible server for tests of clients: remembers what it was asked and answers as the test says, by default
 * with a stream of as many words as were asked for, at once.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Text of the prompt or of all messages. */
  readonly prompt: string;
}

export type Reply = (asked: Asked, response: ServerResponse, number: number) => void;

export class EchoUpstream {
  readonly asked: Asked[] = [];
  /** How requests are answered from now on. */
  reply: Reply = streamWords;
  models: readonly { readonly id: string; readonly owned_by: string }[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port to listen on");
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === "/v1/models") {
      response.end(JSON.stringify({ object: "list", data: this.models }));
      return;
    }
    let text = "";
    for await (const part of request) text += String(part);
    const body: Asked["body"] = JSON.parse(text);
    const { authorization, url = "" } = { ...request.headers, url: request.url };
    const asked = { path: url, authorization, body, prompt: promptOf(body) };
    this.reply(asked, response, this.asked.push(asked) - 1);
  }
}

/** Streams the wanted number of words at once, then usage and the end mark, as chat completions do. */
export function streamWords({ body, prompt }: Asked, response: ServerResponse): void {
  const wanted = Number(body["paced_output_tokens"] ?? body["max_tokens"]);
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chunk({ role: "assistant", content: "" }));
  for (let word = 0; word < wanted; word++) response.write(chunk({ content: "word " }));
  response.write(chunk({}, "stop"));
  const usage = { prompt_tokens: Math.ceil(prompt.length / 4), completion_tokens: wanted };
  response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
  response.end("data: [DONE]\n\n");
}

/** One event of a streamed chat completion. */
export function chunk(delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices, usage: null })}\n\n`;
}

/** Answers with an error as OpenAI's API does. */
export function refuse(
  response: ServerResponse,
  status: number,
  error: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ error }));
}

function promptOf(body: Asked["body"]): string {
  const { prompt, messages } = body;
  if (typeof prompt === "string") return prompt;
  return Array.isArray(messages) ? messages.map(({ content }) => String(content)).join("") : "";
}
