/** Each trace format with its traps, on small files written here. */
import { describe, expect, test } from "vitest";
import { open, problemOf, read, write, drain } from "./helpers.ts";

describe("azure", () => {
  const HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens";

  test("2023: CRLF, seven decimals, no line end after the last row", () => {
    const file = [
      HEADER,
      "2023-11-16 18:15:46.6805900,374,44",
      "2023-11-16 18:15:50.9951691,396,109",
      "2023-11-17 00:00:00.0000000,879,55",
    ].join("\r\n");
    expect(read("azure", file)).toEqual([
      { timeNs: 0, promptTokens: 374, outputTokens: 44, client: undefined },
      { timeNs: 4_314_579_100, promptTokens: 396, outputTokens: 109, client: undefined },
      // 5 h 44 min 13.31941 s to midnight.
      { timeNs: 20_653_319_410_000, promptTokens: 879, outputTokens: 55, client: undefined },
    ]);
  });

  test("2024: a zone, and decimals only where there are any", () => {
    const file = [
      HEADER,
      "2024-02-28 23:59:59.999999+00:00,1,2",
      "2024-02-29 00:00:00+00:00,3,4",
      "2024-03-01 00:00:00.000001+00:00,5,6",
      "2024-03-01 02:00:00.000001+02:00,7,8",
      "",
    ].join("\n");
    const day = 86_400e9;
    expect(read("azure", file).map((row) => row.timeNs)).toEqual([0, 1000, day + 2000, day + 2000]);
  });

  test.each(["Asia/Kolkata", "America/New_York"])("whatever the local zone (%s)", (zone) => {
    const before = process.env["TZ"];
    process.env["TZ"] = zone;
    try {
      // In New York the clocks went back between these two.
      const rows = ["2023-11-05 05:30:00.0000000,1,1", "2023-11-05 06:30:00.0000000,1,1"];
      expect(read("azure", [HEADER, ...rows].join("\n"))[1]!.timeNs).toBe(3600e9);
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
  });

  test.each([
    "2023-02-29 00:00:00",
    "2023-13-01 00:00:00",
    "2023-04-31 00:00:00",
    "2023-01-01 24:00:00",
    "2023-01-01 10:60:00",
    "1700000000",
    "yesterday",
  ])("refuses %s", (time) => {
    expect(problemOf("azure", `${HEADER}\n${time},1,1\n`)).toMatch(
      /line 2: TIMESTAMP .* is not a time/,
    );
  });
});

describe("burstgpt", () => {
  test("failures are left out and counted apart, models are clients", () => {
    const file = [
      "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type",
      "5,ChatGPT,472,18,490,Conversation log",
      "45,GPT-4,1087,0,1087,API log",
      "118.5,GPT-4,417,276,693,API log",
      "119,ChatGPT,0,0,0,API log",
    ].join("\n");
    const reader = open("burstgpt", write("burst.csv", file));
    expect(drain(reader)).toEqual([
      { timeNs: 0, promptTokens: 472, outputTokens: 18, client: "ChatGPT" },
      { timeNs: 113_500_000_000, promptTokens: 417, outputTokens: 276, client: "GPT-4" },
    ]);
    expect([reader.failedRows, reader.skippedRows]).toEqual([2, 0]);
  });

  test("columns are found where session columns were inserted", () => {
    const file = [
      "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type",
      "5,abc,1.2,ChatGPT,472,18,490,Conversation log",
    ].join("\n");
    expect(read("burstgpt", file)[0]).toMatchObject({ promptTokens: 472, outputTokens: 18 });
  });
});

describe("mooncake", () => {
  test("milliseconds from JSON lines, whatever else they hold", () => {
    const file = [
      '{"timestamp": 3000, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1, 2]}',
      "",
      '{"output_length": 490, "hash_ids": [0], "timestamp": 3000.25, "input_length": 7322}',
    ].join("\n");
    expect(read("mooncake", file)).toEqual([
      { timeNs: 0, promptTokens: 6758, outputTokens: 500, client: undefined, hashes: [0, 1, 2] },
      { timeNs: 250_000, promptTokens: 7322, outputTokens: 490, client: undefined, hashes: [0] },
    ]);
  });

  test.each([
    ['{"timestamp": 0, "input_length": 1', "is not valid JSON"],
    ["7", "is not a JSON object"],
    ['{"timestamp": 0, "input_length": 1}', "has no output_length"],
    ['{"timestamp": 0, "input_length": "1", "output_length": 1}', "is not a whole number"],
    ['{"timestamp": -1, "input_length": 1, "output_length": 1}', "timestamp -1 is negative"],
    [
      '{"timestamp": null, "input_length": 1, "output_length": 1}',
      'timestamp "null" is not a number',
    ],
    ['{"timestamp": 0, "input_length": 1.5, "output_length": 1}', "is not a whole number"],
    [
      '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": 7}',
      'hash_ids "7" is not a list of numbers',
    ],
    [
      '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [-1]}',
      "hash_ids has -1; expected numbers from 0 to 68719476735",
    ],
  ])("refuses %s", (line, reason) => {
    const good = '{"timestamp": 0, "input_length": 1, "output_length": 1}';
    expect(problemOf("mooncake", `${good}\n${line}\n`)).toContain(`line 2: `);
    expect(problemOf("mooncake", `${good}\n${line}\n`)).toContain(reason);
  });

  test("the clients of a format without clients cannot be chosen", () => {
    const file = '{"timestamp": 0, "input_length": 1, "output_length": 1}';
    expect(problemOf("mooncake", file, { clients: ["a"] })).toContain("mooncake has no clients");
  });
});

describe("vtc", () => {
  test("columns by name, a byte order mark, decimals exact", () => {
    const file =
      "\uFEFFreq_id,client,prompt_tokens,output_tokens,req_time_s\n0,13,13,199,0.3\n1,2,36,137,0.507938\n";
    expect(read("vtc", file)).toEqual([
      { timeNs: 0, promptTokens: 13, outputTokens: 199, client: "13" },
      { timeNs: 207_938_000, promptTokens: 36, outputTokens: 137, client: "2" },
    ]);
  });
});

describe("tenantry", () => {
  const HEADER = "time_s,client,prompt_tokens,output_tokens,adapter";

  test("nanoseconds of a Unix time survive, quotes and spaces are taken off", () => {
    const file = `${HEADER}\n1763888888.123456789, "Älice, Inc" ,10.0,20,\n1763888888.123456790,bob,1,2,law\n`;
    expect(read("tenantry", file)).toEqual([
      { timeNs: 0, promptTokens: 10, outputTokens: 20, client: "Älice, Inc" },
      { timeNs: 1, promptTokens: 1, outputTokens: 2, client: "bob" },
    ]);
  });

  test("exponents of tiny times are read", () => {
    const file = `${HEADER}\n0,a,1,1,\n5.1e-05,a,1,1,\n`;
    expect(read("tenantry", file)[1]!.timeNs).toBe(51_000);
  });

  test.each([
    ["x,a,1,1,", 'time_s "x" is not a number'],
    [",a,1,1,", "time_s is empty"],
    ["-0.5,a,1,1,", "time_s -0.5 is negative"],
    ["1e400,a,1,1,", "is not a number"],
    ["NaN,a,1,1,", "is not a number"],
    ["1,a,0,1,", "prompt_tokens is 0"],
    ["1,a,1,0,", "output_tokens is 0"],
    ["1,a,-3,1,", "prompt_tokens -3 is negative"],
    ["1,a,1.5,1,", "is not a whole number"],
    ["1,a,999999999,1,", "is not a plausible number of tokens"],
    ["1,,1,1,", "client is empty"],
    ["1,a,1,1", "has 4 columns where the header has 5"],
    ["1,a,1,1,,x", "has 6 columns where the header has 5"],
    ['1,"a,1,1,', "is not valid CSV"],
  ])("refuses the row %s", (row, reason) => {
    const message = problemOf("tenantry", `${HEADER}\n0,a,1,1,\n${row}\n2,a,1,1,\n`);
    expect(message).toContain("1 broken row\n");
    expect(message).toContain("line 3: ");
    expect(message).toContain(reason);
  });
});
