/** The contract over PostgreSQL, and what only a server can get wrong. */
import { afterAll, describe, expect, test } from "vitest";
import { openStore } from "../../../src/live/store/open-store.ts";
import { PostgresDatabase } from "../../../src/live/store/postgres.ts";
import { storeContract } from "./contract.ts";
import { withPostgres } from "./postgres-server.ts";

withPostgres((server) => {
  storeContract("PostgreSQL", server);

  describe("a PostgreSQL server", () => {
    afterAll(() => server.removeAll());

    test.each([
      ["process", "off"],
      ["power", "on"],
    ] as const)(
      "with durability %s commits with synchronous_commit = %s",
      async (durability, setting) => {
        const url = await server.create();
        const database = await PostgresDatabase.open({ url, durability, maxConnections: 3 });
        const settings = await Promise.all(
          [1, 2, 3].map(() => database.rows("SHOW synchronous_commit")),
        );
        expect(settings.flat()).toEqual([1, 2, 3].map(() => ({ synchronous_commit: setting })));
        await database.close();
      },
    );

    test("connections that the server cuts are replaced", async () => {
      const storage = await server.create();
      const store = await openStore({ storage, durability: "process" });
      await store.admin.putTenant({ name: "a", spec: {} }, { who: "test", atMs: 1 });
      await server.query(
        storage,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      await expect.poll(() => store.admin.tenants().catch(() => [])).toHaveLength(1);
      await store.close();
    });
  });
});

test("a server that is not there is named without its password", async () => {
  const storage = "postgres://ann:hunter2@127.0.0.1:1/db";
  const opening = openStore({ storage, durability: "process" });
  await expect(opening).rejects.toThrow(
    /cannot use the database postgres:\/\/ann:\*\*\*@127.0.0.1:1\/db: .*ECONNREFUSED/,
  );
  await expect(opening).rejects.not.toThrow(/hunter2/);
});
