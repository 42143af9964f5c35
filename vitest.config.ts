import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 120_000,
    projects: [
      { extends: true, test: { name: "unit", include: ["test/{unit,property,oracle,swarm,determinism,live}/**/*.test.ts"] } },
      { extends: true, test: { name: "package", include: ["test/package/**/*.test.ts"], testTimeout: 600_000 } },
      { extends: true, test: { name: "tidy", include: ["test/tidy.test.ts"] } },
    ],
  },
});
