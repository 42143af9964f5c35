/** Reading trace files: streaming, order, broken rows, files that are no traces. */
import { mkdirSync, readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { baseDir, drain, messageOf, open, problemOf, read, write } from "./helpers.ts";

const HEADER = "time_s,client,prompt_tokens,output_tokens";

/** Some 20 bytes a row: 100,000 rows are eight blocks. */
function manyRows(count: number, row = (i: number) => `${i / 4},a,${1 + (i % 50)},7`): string {
  return [HEADER, ...Array.from({ length: count }, (_, i) => row(i))].join("\n");
}

describe("streaming", () => {
  test("rows are the same across blocks as within one", () => {
    const rows = read(
      "tenantry",
      manyRows(100_000, (i) => `${i / 4},é${i % 3},${1 + (i % 50)},7`),
    );
    expect(rows.length).toBe(100_000);
    expect(
      rows.every((row, i) => row.timeNs === i * 0.25e9 && row.promptTokens === 1 + (i % 50)),
    ).toBe(true);
    expect(rows.every((row, i) => row.client === `é${i % 3}`)).toBe(true);
  });

  test("CRLF across blocks, with blank lines", () => {
    const file = manyRows(60_000).replaceAll("\n", "\r\n");
    expect(read("tenantry", `\r\n${file}\r\n\r\n`).length).toBe(60_000);
  });

  test.skipIf(process.platform === "win32")("leaves no file open when dropped half-way", () => {
    const path = write("open.csv", manyRows(50_000));
    const before = readdirSync("/dev/fd").length;
    const readers = Array.from({ length: 20 }, () => open("tenantry", path));
    expect(readers.every((reader) => reader.next() !== undefined)).toBe(true);
    expect(readdirSync("/dev/fd").length).toBeLessThan(before + 10);
  });

  test("a line without end is refused, not gathered", () => {
    const file = `${HEADER}\n0,a,1,1\n${"9".repeat(3_000_000)}`;
    expect(problemOf("tenantry", file)).toContain("line 3 is longer than 1 MiB");
  });

  test("a file cut short meanwhile is noticed", () => {
    const path = write("short.csv", manyRows(100_000));
    const reader = open("tenantry", path);
    truncateSync(join(baseDir, path), 100);
    expect(messageOf(() => drain(reader))).toContain("became shorter while it was read");
  });
});

describe("order", () => {
  test("rows up to the window late are sorted in, equal times stay in the file's order", () => {
    const file = [
      HEADER,
      "5,first,1,1",
      "3,second,1,1",
      "4,third,1,1",
      "4,fourth,1,1",
      "4.5,fifth,1,1",
    ];
    expect(read("tenantry", file.join("\n")).map((row) => [row.client, row.timeNs / 1e9])).toEqual([
      ["second", 0],
      ["third", 1],
      ["fourth", 1],
      ["fifth", 1.5],
      ["first", 2],
    ]);
  });

  test("a file shuffled within the window comes out sorted", () => {
    const rows = read(
      "tenantry",
      manyRows(5120, (i) => `${i ^ 511},a,1,1`),
    );
    expect(rows.map((row) => row.timeNs / 1e9)).toEqual(Array.from({ length: 5120 }, (_, i) => i));
  });

  test("a row that is later still is broken", () => {
    const file = `${manyRows(3000)}\n10,a,1,1\n`;
    const message = problemOf("tenantry", file);
    // 3,000 rows came before, 1,023 of them wait: the last one given out is the 1,977th, at 1,976 / 4 = 494 s.
    expect(message).toContain("line 3002: lies 484 s before a row that stands more than 1024 rows");
    const reader = open("tenantry", write("late.csv", file), { skipBadRows: true });
    expect([drain(reader).length, reader.skippedRows]).toEqual([3000, 1]);
  });
});

describe("broken rows", () => {
  const broken = manyRows(40, (i) => (i % 5 === 4 ? `${i},a,none,1` : `${i},a,1,1`));

  test("stop the reading with the first five, the count, the right form and the way out", () => {
    expect(problemOf("tenantry", broken)).toBe(
      [
        `trace ${join(baseDir, "trace")}: 8 broken rows`,
        '  line 6: prompt_tokens "none" is not a whole number',
        '  line 11: prompt_tokens "none" is not a whole number',
        '  line 16: prompt_tokens "none" is not a whole number',
        '  line 21: prompt_tokens "none" is not a whole number',
        '  line 26: prompt_tokens "none" is not a whole number',
        "  and 3 more",
        "Expected rows like: 12.345678901,alice,374,44 (time_s,client,prompt_tokens,output_tokens)",
        "Mend the file, or leave such rows out with --skip-bad-rows.",
      ].join("\n"),
    );
  });

  test("are counted and left out on request", () => {
    const reader = open("tenantry", write("broken.csv", broken), { skipBadRows: true });
    expect([drain(reader).length, reader.skippedRows]).toEqual([32, 8]);
  });

  test("have their line numbers after blank lines, CRLF and a stray quote", () => {
    const file = `\r\n${HEADER}\r\n0,a,1,1\r\n\r\n1,"a,1,1\r\n2,a,1,1\r\n\r\n3,a,x,1\r\n`;
    const message = problemOf("tenantry", file);
    expect(message).toContain("2 broken rows\n  line 5: is not valid CSV");
    expect(message).toContain('line 8: prompt_tokens "x"');
    expect(open("tenantry", write("q.csv", file), { skipBadRows: true }).skippedRows).toBe(2);
  });

  test("are counted only so far in a long file", () => {
    const message = problemOf(
      "tenantry",
      manyRows(150_000, (i) => `${i},a,${i === 9 ? 0 : 1},1`),
    );
    expect(message).toContain("1 broken row in the first 100011 lines");
  });

  test("alone make no trace", () => {
    const message = problemOf("tenantry", `${HEADER}\nx,a,1,1\n`, { skipBadRows: true });
    expect(message).toContain("has no usable rows (only 1 broken)");
  });
});

describe("clients", () => {
  const file = `${HEADER}\n0,alice,1,1\n1,bob,1,1\n`;

  test("are given with their rows; choosing is the workload's", () => {
    expect(read("tenantry", file, { clients: ["bob"] }).map((row) => row.client)).toEqual([
      "alice",
      "bob",
    ]);
  });

  test("that are not in the file are told", () => {
    const message = problemOf("tenantry", file, { clients: ["alic"] });
    expect(message).toContain('has no row of "alic"; it has rows of "alice", "bob"');
  });
});

describe("files that are no traces", () => {
  test.each<[string, string | Buffer, string]>([
    ["empty", "", "is empty"],
    ["only a header", `${HEADER}\n`, "has no usable rows; expected rows like: 12.3"],
    ["only blank lines", "\n\n\n", "has no usable rows"],
    ["compressed", Buffer.from([0x1f, 0x8b, 8, 0]), "is compressed"],
    [
      "a Git LFS pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
      "Git LFS pointer",
    ],
    ["without header", "0,alice,1,1\n", "the header lacks the columns time_s, prompt_tokens"],
    [
      "with another header",
      "time_s,client,prompt_tokens,tokens\n",
      "lacks the column output_tokens: time_s,",
    ],
    [
      "of another format",
      "TIMESTAMP,ContextTokens,GeneratedTokens\n",
      "is that of the format azure",
    ],
    ["with a column twice", `${HEADER},time_s\n`, "the header has time_s twice"],
  ])("%s", (_, content, problem) => {
    expect(problemOf("tenantry", content)).toContain(problem);
  });

  test("missing", () => {
    const message = messageOf(() => open("tenantry", "missing.csv"));
    expect(message).toBe(`trace ${join(baseDir, "missing.csv")}: there is no such file`);
  });

  test("a folder", () => {
    mkdirSync(join(baseDir, "folder"));
    expect(messageOf(() => open("tenantry", "folder"))).toContain("is a directory");
  });
});
