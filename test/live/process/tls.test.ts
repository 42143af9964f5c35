/** HTTPS by setting, with a certificate made on the spot: who trusts it is served, plain HTTP is not. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { end, serve } from "./serve-process.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isMissing = spawnSync("openssl", ["version"]).status !== 0;
if (isMissing)
  console.info("not run: the test of HTTPS; there is no openssl to make a certificate with");

function makeCertificate(): void {
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const made = spawnSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ].concat(subject, files),
  );
  expect(made.status, String(made.stderr)).toBe(0);
}

/** Status and body over HTTPS, trusting the certificate given. */
function getOverTls(url: string, key: string, ca: string | undefined) {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` };
    get(url, { headers, ca }, (response) => {
      let body = "";
      response.on("data", (part: Buffer) => (body += part.toString()));
      response.on("end", () => resolve({ status: response.statusCode, body }));
    }).on("error", reject);
  });
}

test.skipIf(isMissing)("is served over TLS, and only so", { timeout: 60_000 }, async () => {
  makeCertificate();
  const file = join(folder, "secure.json");
  const scenario = {
    version: 2,
    name: "secure",
    platform: {
      pools: { shared: { model: "llama-3.1-8b", gpu: "h100-sxm", replicas: 1 } },
      tenants: { acme: { tier: "gold" } },
    },
    workload: {},
    // Relative to the scenario file.
    serve: { storage: join(folder, "l.db"), tls: { certificate: "cert.pem", key: "key.pem" } },
  };
  writeFileSync(file, JSON.stringify(scenario));
  const server = await serve(file);
  const url = `${server.url}/v1/models`;
  const key = server.keys.get("acme")!;
  expect(url).toMatch(/^https:/u);
  const ca = readFileSync(join(folder, "cert.pem"), "utf8");
  const { status, body } = await getOverTls(url, key, ca);
  expect(status).toBe(200);
  expect(body).toContain("llama-3.1-8b");
  await expect(getOverTls(url, key, undefined)).rejects.toThrow(/self-signed certificate/u);
  await expect(fetch(url.replace("https:", "http:"))).rejects.toThrow("fetch failed");
  expect(await end(server, "SIGTERM")).toBe(0);
});
