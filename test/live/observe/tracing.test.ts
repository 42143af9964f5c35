/** Traces as a collector gets them over HTTP: one span per request, its phases inside, times exact, and no prompt. */
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { Tracing } from "../../../src/live/observe/tracing.ts";
import {
  HandClock,
  pass,
  portOf,
  send,
  stop,
  watched,
  watchedPlatform,
} from "../dashboard/platform.ts";

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue?: string; readonly intValue?: number };
  }[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SentSpan["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** A collector that keeps what it is sent. */
async function collector(): Promise<{ url: string; bodies: Export[]; paths: string[] }> {
  const bodies: Export[] = [];
  const paths: string[] = [];
  server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => {
      text += part;
    });
    request.on("end", () => {
      bodies.push(JSON.parse(text));
      paths.push(request.url ?? "");
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${portOf(server)}/v1/traces`, bodies, paths };
}

function attribute(span: Pick<SentSpan, "attributes">, key: string): string | number | undefined {
  const value = span.attributes.find((one) => one.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
}

test("a completed, a cancelled and a rejected request", async () => {
  const { url, bodies, paths } = await collector();
  const clock = new HandClock();
  const platform = watchedPlatform();
  const tracing = new Tracing(platform, {
    url,
    startedAtMs: clock.startedAtMs,
    version: "1.2.3",
    onProblem: (message) => expect.fail(message),
  });
  const live = watched({ platform, clock, observers: [tracing], outputTokens: () => 11 });
  await pass(live.driver, clock, 1500);
  const completed = send(live.driver, 0);
  await pass(live.driver, clock, 500);
  const gone = send(live.driver, 1, { promptTokens: 20_000 });
  await pass(live.driver, clock, 1);
  live.driver.cancel(gone);
  await pass(live.driver, clock, 500);
  const refused = send(live.driver, 3, { maxOutputTokens: 10_000_000 });
  await pass(live.driver, clock, 1);
  await tracing.close();
  expect(paths).toEqual(["/v1/traces"]);
  const [{ resource, scopeSpans } = { resource: { attributes: [] }, scopeSpans: [] }] =
    bodies.flatMap((one) => one.resourceSpans);
  expect(attribute(resource, "service.name")).toBe("tenantry");
  expect(attribute(resource, "service.version")).toBe("1.2.3");
  const spans = scopeSpans.flatMap((scope) => scope.spans);
  const of = (id: string) => {
    const root = spans.find((span) => attribute(span, "tenantry.request.id") === id)!;
    const inside = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
    expect(inside.every(({ traceId }) => traceId === root.traceId)).toBe(true);
    const startNs = BigInt(clock.startedAtMs) * 1_000_000n;
    const at = (text: string) => Number(BigInt(text) - startNs);
    return {
      root,
      phases: inside.map((span) => [
        span.name,
        at(span.startTimeUnixNano),
        at(span.endTimeUnixNano),
      ]),
      times: [at(root.startTimeUnixNano), at(root.endTimeUnixNano)],
    };
  };
  const done = of(completed.id);
  expect(done.root.name).toBe("text_completion llama-3.1-8b");
  // Taken in at 1.5 s, joined at once, 7 ms of prompt, 60.1 ms of decoding; to the nanosecond.
  expect(done.times).toEqual([1.5e9, 1.5e9 + 67_100_000]);
  expect(done.phases).toEqual([
    ["queue", 1.5e9, 1.5e9],
    ["prefill", 1.5e9, 1.5e9 + 7_000_000],
    ["decode", 1.5e9 + 7_000_000, 1.5e9 + 67_100_000],
  ]);
  expect(attribute(done.root, "gen_ai.usage.input_tokens")).toBe(100);
  expect(attribute(done.root, "gen_ai.usage.output_tokens")).toBe(11);
  expect(attribute(done.root, "tenantry.tenant")).toBe("acme");
  expect(attribute(done.root, "tenantry.tier")).toBe("gold");
  expect(attribute(done.root, "error.type")).toBeUndefined();
  const broken = of(gone.id);
  expect(attribute(broken.root, "error.type")).toBe("cancelled");
  expect(broken.phases.map(([name]) => name)).toEqual(["queue", "prefill"]);
  expect(broken.phases.at(-1)![2]).toBe(broken.times[1]);
  const rejected = of(refused.id);
  expect(rejected.root.status.code).toBe(2);
  expect(attribute(rejected.root, "error.type")).toBe("too-large");
  expect(rejected.phases).toEqual([]);
  await stop(live);
});

test("a collector that is not there disturbs nobody, and is told of once", async () => {
  const problems: string[] = [];
  const platform = watchedPlatform();
  // Port 9 is "discard": nothing listens there.
  const tracing = new Tracing(platform, {
    url: "http://127.0.0.1:9/v1/traces",
    startedAtMs: 0,
    version: "0",
    onProblem: (message) => problems.push(message),
  });
  const live = watched({ platform, observers: [tracing], outputTokens: () => 2 });
  const exchange = send(live.driver, 1);
  await exchange.over;
  expect(exchange.ending?.outcome).toBe("completed");
  await tracing.close();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain("traces cannot be sent to http://127.0.0.1:9/v1/traces: ");
  await stop(live);
});
