/** A profile's page in a real browser, with and without the catalogue beside it, and its words and tables. */
import { expect, test } from "vitest";
import { fitProfile } from "../../../src/profile/fit.ts";
import { viewOf } from "../../../src/profile/view.ts";
import {
  profileHtml,
  profileMarkdown,
  type ShownProfile,
} from "../../../src/report/profile/forms.ts";
import { knownStepModel } from "../../../src/scenario/catalogue/known-step-model.ts";
import type { Profile } from "../../../src/scenario/profile-file.ts";
import { describeInBrowser, expectSound, vegaSource, VIEWS } from "../../support/browser.ts";
import { measuredRows } from "../profile/measured.ts";

const LONG = "a-name-that-is-far-longer-than-anybody-would-give-a-model-or-a-file-of-measurements";

function shown(name: string, hasCatalogue: boolean): ShownProfile {
  const { profile: steps, cells, measured } = fitProfile(measuredRows(3), "steps.csv");
  const source = {
    file: `${name}.csv.gz`,
    sha256: "00ff",
    format: "tenantry",
    lines: 186,
    steps: 180,
    leftOut: [{ rows: 6, firstLine: 9, reason: "<b>far off</b>" }],
  };
  const profile: Profile = {
    origin: { model: name, gpu: "h100-sxm", tensorParallel: 2, engine: "vLLM 0.20.1", source },
    steps,
    measured,
    notes: ["Steps are <odd> & known."],
    cells,
  };
  const hardware = { model: "llama-3.1-8b", gpu: "h100-sxm", tensorParallel: 1, precision: "bf16" };
  const known = knownStepModel(hardware);
  if (known.kind === "unknown") expect.fail(known.reason);
  const view = hasCatalogue ? viewOf(profile, known.stepModel) : viewOf(profile);
  return { profile, view, beside: "Catalogue: as predicted.", tenantryVersion: "1.2.3" };
}

function bare(): ShownProfile {
  const one = shown("llama", false);
  const profile = { ...one.profile, cells: [] };
  return { ...one, profile, view: viewOf(profile) };
}

describeInBrowser("a profile's page in a browser", ({ open }) => {
  test.each(VIEWS)("beside the catalogue at $width px, $colorScheme", async (view) => {
    const opened = await open(profileHtml(shown("llama-3.1-8b", true), vegaSource), view);
    await expectSound(opened, 5);
    // Solid and dashed, and a stroke where measurements end.
    const dashes = await opened.page
      .locator("#chart-profile-prefill path[stroke-dasharray]")
      .count();
    expect(dashes).toBeGreaterThan(0);
    await opened.page.close();
  });

  test.each(VIEWS)("alone, with long names, at $width px, $colorScheme", async (view) => {
    const opened = await open(profileHtml(shown(LONG, false), vegaSource), view);
    await expectSound(opened, 4);
    expect(await opened.page.locator("b:text('far off')").count()).toBe(0);
    await opened.page.close();
  });

  test("without measurements", async () => {
    const opened = await open(profileHtml(bare(), vegaSource), VIEWS[0]!);
    // Prompts and batches are drawn as predicted; there is nothing to be off from.
    await expectSound(opened, 2);
    expect(await opened.page.locator(".headline").innerText()).toContain("no measurements");
    await opened.page.close();
  });
});

test("the Markdown says what the page says", () => {
  const text = profileMarkdown(shown("llama-3.1-8b", true));
  expect(text).toContain("# Step times of llama-3.1-8b on 2 x h100-sxm");
  expect(text).toMatch(
    /\*\*On average the profile is off by <?&?l?t?;?0\.\d % in prefill steps, .* the catalogue is off by/,
  );
  expect(text).toContain("Left out 6: &lt;b&gt;far off&lt;/b&gt; (the first on line 9).");
  expect(text).toMatch(/\| Decode +\| 64 sequences +\| 13\.6 ms +\|/);
  expect(text).toContain("each token of context that a decoding sequence reads takes 40.0 ns");
  expect(text).toContain("each million query-key pairs of prompt attention 0.600 ms");
  expect(text).toContain("1 to 64 decoding sequences with 200 to 4,000 tokens of context each");
});
