/** Who asks for more than it may, or for longer, and what it is told. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestServer, chat, errorOf, post, startServer } from "./support.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server.close());

describe("limits", () => {
  test("a rate limit says exactly when to come again, and then lets pass", async () => {
    const fresh = await startServer();
    const ask = () => post(fresh, "/v1/chat/completions", chat({ max_tokens: 4 }), "sk-birch");
    const [first, second] = [await ask(), await ask()];
    expect(first.response.headers.get("x-ratelimit-limit-requests")).toBe("2");
    expect(first.response.headers.get("x-ratelimit-remaining-requests")).toBe("1");
    expect(first.response.headers.get("x-ratelimit-limit-tokens")).toBe("60000");
    expect(second.response.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    const third = await ask();
    expect(third.response.status).toBe(429);
    expect(errorOf(third.text)).toMatchObject({ type: "requests", code: "rate_limit_exceeded" });
    expect(third.response.headers.get("x-should-retry")).toBe("true");
    expect(third.response.headers.get("retry-after")).toBe("1");
    const waitMs = Number(third.response.headers.get("retry-after-ms"));
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(200);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    expect((await ask()).response.status).toBe(200);
    await fresh.close();
  });

  test("a quota that is used up is not to be tried again", async () => {
    const { response, text } = await post(
      server,
      "/v1/chat/completions",
      chat({ max_tokens: 100 }),
      "sk-cedar",
    );
    expect(response.status).toBe(429);
    expect(errorOf(text)).toMatchObject({ type: "insufficient_quota", code: "insufficient_quota" });
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(response.headers.get("retry-after-ms")).toBeNull();
    expect(response.headers.get("x-ratelimit-limit-tokens")).toBe("100");
    expect(response.headers.get("x-ratelimit-remaining-tokens")).toBe("100");
  });

  test("concurrency: all of n or none", async () => {
    const { response, text } = await post(
      server,
      "/v1/chat/completions",
      chat({ n: 2 }),
      "sk-dogwood",
    );
    expect(response.status).toBe(429);
    expect(errorOf(text)["code"]).toBe("rate_limit_exceeded");
    expect(response.headers.get("retry-after")).toBe("1");
    expect(response.headers.get("retry-after-ms")).toBeNull();
    const { quota } = server.driver.engine.tenants[3]!;
    expect(quota.leases).toBe(0);
    const next = await post(server, "/v1/chat/completions", chat(), "sk-dogwood");
    expect(next.response.status).toBe(200);
  });

  test("a request longer than its time is cancelled and told so", async () => {
    const hasty = await startServer({ overrides: ["serve.requestTimeout=50ms"] });
    const slow = { paced_output_tokens: 100_000, max_tokens: 100_000 };
    const whole = await post(hasty, "/v1/chat/completions", chat(slow));
    expect(whole.response.status).toBe(504);
    expect(errorOf(whole.text)["code"]).toBe("request_timeout");
    const streamed = await post(hasty, "/v1/chat/completions", chat({ ...slow, stream: true }));
    expect(streamed.response.status).toBe(200);
    const last = streamed.text.trimEnd().split("\n\n").at(-1)!;
    expect(errorOf(last.slice(6))["code"]).toBe("request_timeout");
    expect(streamed.text).not.toContain("[DONE]");
    expect(hasty.driver.engine.tenants[0]!.quota.leases).toBe(0);
    await hasty.close();
  });

  test("nothing is taken in while it could not be accounted for", async () => {
    let isCertain = true;
    const unsure = await startServer({ driver: { mayTakeIn: () => isCertain } });
    const ask = () => post(unsure, "/v1/chat/completions", chat());
    expect((await ask()).response.status).toBe(200);
    isCertain = false;
    const { response, text } = await ask();
    expect(response.status).toBe(503);
    expect(errorOf(text)["code"]).toBe("overloaded");
    expect(response.headers.get("x-should-retry")).toBe("true");
    isCertain = true;
    expect((await ask()).response.status).toBe(200);
    await unsure.close();
  });

  test("a full inbox answers 503", async () => {
    const full = await startServer({ driver: { limits: { maxInbox: 1, maxLagNs: 60e9 } } });
    const { response, text } = await post(full, "/v1/chat/completions", chat({ n: 2 }));
    expect(response.status).toBe(503);
    expect(errorOf(text)["code"]).toBe("overloaded");
    expect(response.headers.get("x-should-retry")).toBe("true");
    expect(full.driver.engine.requestsInFlight).toBe(0);
    await full.close();
  });
});
