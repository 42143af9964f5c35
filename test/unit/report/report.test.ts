/**
 * What the page and the Markdown say: every figure of the summary is there, the two agree table by table, names are
 * harmless, and runs with nothing or very much in them still read well.
 */
import { describe, expect, test } from "vitest";
import { escapeMarkdown } from "../../../src/report/markdown.ts";
import { reportHtml, reportMarkdown } from "../../../src/report/report.ts";
import { runReport } from "../../../src/report/run/forms.ts";
import { sparkline } from "../../../src/report/sparkline.ts";
import { summaryTables } from "../../../src/report/summary.ts";
import type { Results } from "../../../src/results/results.ts";
import { emptyResults } from "./fixture-empty.ts";
import { exampleResults, manyTenants, NASTY_NAME } from "./fixture.ts";

const VEGA = `/* a stand-in for the runtime: "</script>" */`;

const RUNS: readonly (readonly [string, Results])[] = [
  ["a full run", exampleResults()],
  ["an empty run", emptyResults()],
  ["300 tenants", manyTenants(300)],
];

describe.each(RUNS)("%s", (_, results) => {
  const html = reportHtml(runReport(results), VEGA);
  const markdown = reportMarkdown(runReport(results));

  test("never prints a number that is none", () => {
    for (const text of [textOf(html), markdown, JSON.stringify(summaryTables(results))]) {
      expect(text.match(/NaN|undefined|Infinity|\[object/g) ?? []).toEqual([]);
    }
  });

  test("has every figure of the terminal's summary", () => {
    const text = textOf(html);
    const [, tenants, platform] = summaryTables(results);
    const figures = [...(tenants?.rows ?? []), ...(platform?.rows ?? [])].flatMap((row) =>
      row.slice(1),
    );
    for (const figure of figures.flatMap((one) => one.split(/ \/ |, | \(|\)/))) {
      if (figure !== "" && figure !== "no data" && figure !== "…") expect(text).toContain(figure);
    }
  });

  test("says the same in the page's tables and in the Markdown's", () => {
    const inMarkdown = markdownTables(markdown);
    const inPage = htmlTables(html);
    expect(inPage.size).toBeGreaterThanOrEqual(8);
    for (const [title, rows] of inPage) expect(inMarkdown.get(title)).toEqual(rows);
  });

  test("is the same text every time", () => {
    expect(reportHtml(runReport(results), VEGA)).toBe(html);
    expect(reportMarkdown(runReport(results))).toBe(markdown);
  });
});

describe("names from a scenario", () => {
  const results = exampleResults();
  const html = reportHtml(
    runReport({
      ...results,
      scenario: { ...results.scenario, name: NASTY_NAME, description: `<img src=x onerror="a">` },
    }),
    VEGA,
  );

  test("cannot add an element to the page", () => {
    expect(html).not.toContain("<script>alert");
    expect(html).not.toContain("<img");
    // One element each for the specifications, the runtime and the client; the stand-in's closing tag is escaped.
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html.match(/<\/script/g)).toHaveLength(3);
  });

  test("survive in the specifications as data", () => {
    const json =
      /<script type="application\/json" id="chart-specs">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
    expect(JSON.stringify(JSON.parse(json))).toContain(JSON.stringify(NASTY_NAME).slice(1, -1));
  });

  test("cannot add markup to the Markdown", () => {
    expect(escapeMarkdown("a|b\n*c* `d` [e](f) <g>")).toBe(
      "a\\|b \\*c\\* \\`d\\` \\[e\\](f) &lt;g&gt;",
    );
    expect(reportMarkdown(runReport(results))).not.toContain("<script");
  });
});

describe("words", () => {
  test("say which tier missed what, and by how much", () => {
    const text = textOf(reportHtml(runReport(exampleResults()), VEGA));
    expect(text).toContain(
      "1 of 3 tiers met their SLA. Silver missed: TTFT P99 100.04 ms against 100 ms. Bronze missed: TTFT P99 1.83 s against 500 ms.",
    );
    expect(text).toContain(
      "99.9938 % of the requests within quota met every target; the objective is 99.99 %",
    );
    // Of every $100: (1 - 0.99621) x 100 and (1 - 0.9312) x 100.
    expect(text).toContain("$0.379 was billed to the wrong tenant");
    expect(text).toContain("would have misplaced $6.88");
    expect(text).toContain("differed by at most 18,200, within the bound of 61,440");
    expect(text).toContain("1 noisy neighbour and 1 replica fault");
    expect(text).toContain("tenantry simulate SCENARIO.yaml --seed 42");
  });

  test("say that nothing arrived instead of a verdict", () => {
    const text = textOf(reportHtml(runReport(emptyResults()), VEGA));
    expect(text).toContain("No request arrived, so there is nothing to judge.");
    expect(text).toContain("There were no hidden step times".toLowerCase().slice(6));
    expect(text).toContain("No noisy neighbour was found");
  });

  test("explain every dash", () => {
    const html = reportHtml(runReport(emptyResults()), VEGA);
    const dashes = html.match(/<t[dh][^>]*>—</g) ?? [];
    expect(dashes.length).toBeGreaterThan(50);
    for (const dash of dashes) expect(dash).toContain('title="');
  });

  test("say when a chart leaves tenants out", () => {
    const text = textOf(reportHtml(runReport(manyTenants(300)), VEGA));
    expect(text).toContain("Showing 16 of 300 tenants");
    expect(text).toContain("tenant-299");
  });
});

test("a sparkline shows the highest of each part, scaled to the highest of all", () => {
  expect(sparkline([0, 1, 2, 4, 8])).toBe("▁▁▂▄█");
  expect(sparkline([null, 8, null])).toBe("·█·");
  expect(sparkline(Array.from({ length: 240 }, () => 0))).toBe("▁".repeat(32));
  expect(sparkline([])).toBe("");
});

/** The page's text without its markup, styles and scripts. */
function textOf(html: string): string {
  const body = html
    .replace(/<(style|script)[^>]*>.*?<\/\1>/gs, "")
    .replace(/<span class="nb">(.*?)<\/span>/g, "$1");
  return decoded(body.replace(/<[^>]*>/g, " ").replace(/\s+/g, " "));
}

function decoded(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

/** Tables of the page by title: header and rows of texts. */
function htmlTables(html: string): ReadonlyMap<string, string[][]> {
  const tables = new Map<string, string[][]>();
  for (const [, title = "", table = ""] of html.matchAll(
    /<h3>([^<]*)<\/h3><div class="scroll".*?(<table>.*?<\/table>)/gs,
  )) {
    const rows = [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
      [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, text = ""]) =>
        decoded(text.replace(/<[^>]*>/g, "")),
      ),
    );
    tables.set(decoded(title), rows);
  }
  return tables;
}

/** The same from Markdown. */
function markdownTables(markdown: string): ReadonlyMap<string, string[][]> {
  const tables = new Map<string, string[][]>();
  for (const [, title = "", table = ""] of markdown.matchAll(/^### (.*)\n\n((?:\|.*\n?)+)/gm)) {
    const rows = table
      .trim()
      .split("\n")
      .filter((row) => !row.startsWith("|:") && !row.startsWith("|-"));
    tables.set(
      title,
      rows.map((row) => row.slice(2, -2).split(" | ").map(plain)),
    );
  }
  return tables;
}

function plain(text: string): string {
  return decoded(text.replace(/\\(.)/g, "$1"));
}
