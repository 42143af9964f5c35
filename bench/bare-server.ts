/**
 * The live benchmark's yardstick: a server that reads a request and answers it at once, and does nothing else. What a client
 * waits for it is the client's own time and the machine's. Says where it listens, and ends on SIGTERM.
 */
import { createServer } from "node:http";

const ANSWER = JSON.stringify({
  id: "chatcmpl-bare",
  object: "chat.completion",
  created: 1,
  model: "llama-3.1-8b",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "word ".repeat(16) },
      finish_reason: "length",
    },
  ],
  usage: { prompt_tokens: 9, completion_tokens: 16, total_tokens: 25 },
});

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    JSON.parse(Buffer.concat(parts).toString());
    response.writeHead(200, { "content-type": "application/json" }).end(ANSWER);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
process.once("SIGTERM", () => process.exit(0));
