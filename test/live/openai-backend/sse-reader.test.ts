import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseError, SseReader } from "../../../src/live/backends/openai/sse-reader.ts";

function read(chunks: readonly (string | Uint8Array)[]): string[] {
  const events: string[] = [];
  const reader = new SseReader((data) => events.push(data));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.end();
  return events;
}

describe("SseReader", () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ["line feeds", ["data: a\n\ndata: b\n\n"], ["a", "b"]],
    ["carriage returns", ["data: a\r\rdata: b\r\r"], ["a", "b"]],
    ["both", ["data: a\r\n\r\ndata: b\r\n\r\n"], ["a", "b"]],
    ["both, cut between them", ["data: a\r", "\n\r", "\ndata: b\r", "\n\r\n"], ["a", "b"]],
    ["no space after the colon, or two", ["data:a\n\ndata:  b\n\n"], ["a", " b"]],
    ["several data lines", ["data: a\ndata: b\ndata\n\n"], ["a\nb\n"]],
    [
      "comments, other fields, other names",
      [": ping\nevent: x\nid: 1\ndatabase: y\ndata: a\n\n"],
      ["a"],
    ],
    ["events without data", ["event: x\n\n\n\ndata: a\n\n"], ["a"]],
    ["an empty event", ["data:\n\n"], [""]],
    ["an end that was forgotten", ["data: a\n\ndata: [DONE]"], ["a", "[DONE]"]],
    ["a byte order mark", ["\uFEFFdata: a\n\n"], ["a"]],
    ["no events at all", ["<html>oops</html>"], []],
  ])("reads %s", (_, chunks, events) => {
    expect(read(chunks)).toEqual(events);
  });

  test("says the same however the bytes are cut", () => {
    const line = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n]/gu, "é"));
    const ending = fc.constantFrom("\n", "\r\n", "\r");
    const event = fc.record({ lines: fc.array(line, { minLength: 1, maxLength: 3 }), ending });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        (events, sizes) => {
          const bytes = Buffer.from(
            events
              .map(
                ({ lines, ending: end }) =>
                  lines.map((text) => `data: ${text}${end}`).join("") + end,
              )
              .join(""),
          );
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length]!;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          // A lone surrogate cannot be sent as UTF-8 and arrives as a replacement character.
          const expected = events.map(({ lines }) => Buffer.from(lines.join("\n")).toString());
          expect(read(chunks)).toEqual(expected);
          expect(read([bytes])).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("an event that does not end is given up", () => {
    const reader = new SseReader(() => {}, 1000);
    const push = (): void => {
      for (let count = 0; count < 11; count++) reader.push(Buffer.from("x".repeat(100)));
    };
    expect(push).toThrow(SseError);
    const lines = new SseReader(() => {}, 1000);
    const pushLines = (): void => {
      for (let count = 0; count < 20; count++) lines.push(Buffer.from(`data: ${"x".repeat(99)}\n`));
    };
    expect(pushLines).toThrow("an event of more than 1000 characters");
  });
});
