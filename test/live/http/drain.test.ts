/** Going away: those in flight end, newcomers are sent elsewhere, the impatient timeout cuts off the rest and says so. */
import { expect, test } from "vitest";
import { drain } from "../../../src/live/http/drain.ts";
import { MODEL, chat, post, startServer, until } from "./support.ts";

const STREAM = { model: MODEL, prompt: "x", stream: true };

test("requests in flight end; newcomers get 503 meanwhile", async () => {
  const server = await startServer();
  const whole = post(server, "/v1/completions", {
    ...STREAM,
    paced_output_tokens: 4000,
    max_tokens: 4000,
  });
  await until(() => server.driver.engine.requestsInFlight === 1);
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  const drained = drain(server.app, server.traffic, 60_000);
  const ready = await fetch(`${server.url}/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ status: "draining" });
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  const { response, text } = await post(server, "/v1/chat/completions", chat());
  expect(response.status).toBe(503);
  expect(response.headers.get("connection")).toBe("close");
  expect(response.headers.get("retry-after")).toBe("1");
  expect(response.headers.get("x-should-retry")).toBe("true");
  expect(JSON.parse(text).error.code).toBe("overloaded");
  expect((await whole).text.endsWith("data: [DONE]\n\n")).toBe(true);
  expect(await drained).toBe(0);
  await expect(fetch(`${server.url}/health`)).rejects.toThrow("fetch failed");
  await server.driver.stop();
});

test("what takes too long is cut off with an error, settled, and counted", async () => {
  const server = await startServer();
  const asked = { paced_output_tokens: 100_000, max_tokens: 100_000 };
  const streams = [1, 2, 3].map(() => post(server, "/v1/completions", { ...STREAM, ...asked }));
  const whole = post(server, "/v1/chat/completions", chat(asked));
  await until(() => server.driver.engine.requestsInFlight === 4);
  expect(await drain(server.app, server.traffic, 100)).toBe(4);
  for (const stream of streams) {
    const last = (await stream).text.trimEnd().split("\n\n").at(-1)!;
    expect(JSON.parse(last.slice(6)).error.code).toBe("overloaded");
  }
  expect((await whole).response.status).toBe(503);
  expect(server.driver.engine.requestsInFlight).toBe(0);
  await server.driver.stop();
  const ended = server.ledger.batches.flatMap(({ usage }) => usage);
  expect(ended.map(({ outcome }) => outcome)).toEqual(Array(4).fill("cancelled"));
});
