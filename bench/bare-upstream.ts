/**
 * The yardstick of the benchmarks, and an upstream that costs nothing: a server that reads a chat request and answers it at
 * once, in sixteen words, whole or as a stream of one word an event. Says where it listens, and ends on SIGTERM.
 */
import { createServer, type ServerResponse } from "node:http";

const MODEL = "llama-3.1-8b";
const WORDS = Array.from({ length: 16 }, () => "word ");
const USAGE = { prompt_tokens: 9, completion_tokens: 16, total_tokens: 25 };
const BASE = { id: "chatcmpl-bare", created: 1, model: MODEL };

const WHOLE = JSON.stringify({
  ...BASE,
  object: "chat.completion",
  choices: [
    { index: 0, message: { role: "assistant", content: WORDS.join("") }, finish_reason: "stop" },
  ],
  usage: USAGE,
});

const EVENTS = [
  eventOf([choiceOf({ role: "assistant", content: "" }, null)]),
  ...WORDS.map((content) => eventOf([choiceOf({ content }, null)])),
  eventOf([choiceOf({}, "stop")]),
  eventOf([], USAGE),
  "data: [DONE]\n\n",
];

function choiceOf(delta: object, finishReason: string | null): object {
  return { index: 0, delta, finish_reason: finishReason };
}

function eventOf(choices: readonly object[], usage?: object): string {
  const chunk = { ...BASE, object: "chat.completion.chunk", choices, usage };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function answer(response: ServerResponse, isStreaming: boolean): void {
  response.writeHead(200, {
    "content-type": isStreaming ? "text/event-stream" : "application/json",
  });
  if (isStreaming) for (const event of EVENTS) response.write(event);
  response.end(isStreaming ? undefined : WHOLE);
}

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.end(JSON.stringify({ object: "list", data: [{ id: MODEL, object: "model" }] }));
    return;
  }
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { stream }: { stream?: boolean } = JSON.parse(Buffer.concat(parts).toString());
    answer(response, stream === true);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
process.once("SIGTERM", () => process.exit(0));
