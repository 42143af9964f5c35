/** The example reports are those that this version makes, byte for byte: whoever changes a figure or a word makes them anew. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeReports, reportFolders } from "../../scripts/reports.ts";

const COMMITTED = join(import.meta.dirname, "../../reports");
const target = mkdtempSync(join(tmpdir(), "tenantry-reports-test-"));
afterAll(() => rmSync(target, { recursive: true }));

/** Files below a report's folder, by their paths. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .toSorted();
}

test("the reports are up to date; `npm run reports` makes them", {
  timeout: 1_200_000,
}, async () => {
  await makeReports(target);
  for (const name of reportFolders) {
    const [made, committed] = [join(target, name), join(COMMITTED, name)];
    expect(filesIn(committed), `reports/${name} is stale: run npm run reports`).toEqual(
      filesIn(made),
    );
    for (const file of filesIn(made)) {
      const isSame = readFileSync(join(made, file)).equals(readFileSync(join(committed, file)));
      expect(isSame, `reports/${name}/${file} is stale: run npm run reports`).toBe(true);
    }
  }
});
