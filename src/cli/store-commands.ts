/** The commands that work on the store: tenants, keys, bills and the audit log, with their options. */
import type { Command } from "commander";
import { type AuditOptions, auditCommand } from "./audit.ts";
import { type BillOptions, billCommand } from "./bill.ts";
import {
  type KeyCreateOptions,
  keyCreate,
  keyList,
  type KeyListOptions,
  keyRevoke,
  keyRotate,
  type KeyRotateOptions,
} from "./key.ts";
import type { StorageOptions } from "./storage.ts";
import { tenantAdd, tenantList, tenantSuspend, tenantUpdate } from "./tenant.ts";
import { QUOTA_FLAGS, type SpecOptions, TENANT_FLAGS } from "./tenant-spec.ts";

const SCENARIO = ["<scenario>", "scenario file, whose serve.storage is used"] as const;
const STORAGE = ["--storage <place>", "SQLite file or postgres:// URL to use instead"] as const;

/** Adds the commands to the program. */
export function registerStoreCommands(program: Command): void {
  const tenant = program.command("tenant").description("add and change tenants of a live platform");
  registerTenantChanges(tenant);
  registerTenantViews(tenant);
  registerKeys(program.command("key").description("make and revoke API keys"));
  registerReports(program);
}

function registerTenantChanges(tenant: Command): void {
  const changes = [
    ["add", "add a tenant beside those of the scenario", tenantAdd],
    ["update", "change a tenant; what is not named stays", tenantUpdate],
  ] as const;
  for (const [verb, description, run] of changes) {
    const command = tenant
      .command(verb)
      .description(description)
      .argument(...SCENARIO)
      .argument("<name>", "tenant")
      .option("--spec <file>", "YAML file with what the scenario has under platform.tenants.<name>")
      .option(...STORAGE);
    for (const [flag, text] of [...Object.values(TENANT_FLAGS), ...Object.values(QUOTA_FLAGS)]) {
      command.option(flag, text);
    }
    command.action(async (file: string, name: string, options: SpecOptions & StorageOptions) => {
      process.exitCode = await run(file, name, options);
    });
  }
}

function registerTenantViews(tenant: Command): void {
  for (const [verb, isSuspended, description] of [
    ["suspend", true, "refuse a tenant's requests until it is resumed"],
    ["resume", false, "serve a suspended tenant again"],
  ] as const) {
    tenant
      .command(verb)
      .description(description)
      .argument(...SCENARIO)
      .argument("<name>", "tenant")
      .option(...STORAGE)
      .action(async (file: string, who: string, options: StorageOptions) => {
        process.exitCode = await tenantSuspend(file, who, { ...options, isSuspended });
      });
  }
  tenant
    .command("list")
    .description("list the tenants of the scenario and of the store")
    .argument(...SCENARIO)
    .option("--json", "as JSON")
    .option(...STORAGE)
    .action(async (file: string, options: StorageOptions & { json?: boolean }) => {
      process.exitCode = await tenantList(file, options);
    });
}

function registerKeys(key: Command): void {
  key
    .command("create")
    .description("make a key and print it, once")
    .argument(...SCENARIO)
    .option("--tenant <name>", "whose key it is")
    .option("--admin", "a key for the admin API and the dashboard")
    .option("--expires <time>", "how long it is valid, for example 90d (default: for ever)")
    .option(...STORAGE)
    .action(async (file: string, options: KeyCreateOptions) => {
      process.exitCode = await keyCreate(file, options);
    });
  key
    .command("rotate")
    .description("make a new key in the place of an old one, and print it, once")
    .argument(...SCENARIO)
    .argument("<id>", "the old key's id, as key list shows it")
    .option("--grace <time>", "how long the old key stays valid, for example 1h (default: not)")
    .option("--expires <time>", "how long the new key is valid (default: as the old one)")
    .option(...STORAGE)
    .action(async (file: string, id: string, options: KeyRotateOptions) => {
      process.exitCode = await keyRotate(file, id, options);
    });
  key
    .command("revoke")
    .description("end a key at once and for good")
    .argument(...SCENARIO)
    .argument("<id>", "the key's id, as key list shows it")
    .option(...STORAGE)
    .action(async (file: string, id: string, options: StorageOptions) => {
      process.exitCode = await keyRevoke(file, id, options);
    });
  key
    .command("list")
    .description("list keys; the keys themselves are not kept")
    .argument(...SCENARIO)
    .option("--tenant <name>", "only this tenant's")
    .option("--json", "as JSON")
    .option(...STORAGE)
    .action(async (file: string, options: KeyListOptions) => {
      process.exitCode = await keyList(file, options);
    });
}

function registerReports(program: Command): void {
  const scenario = ["[scenario]", "scenario file, whose serve.storage is used"] as const;
  program
    .command("bill")
    .description("print what tenants owe for a period, by kind of cost")
    .argument(...scenario)
    .option("--tenant <name>", "only this tenant's bill")
    .option("--from <date>", "first day or moment, UTC (default: start of this month)")
    .option("--to <date>", "first day or moment that is not in it (default: now)")
    .option("--csv", "as CSV")
    .option("--json", "as JSON, sums as texts")
    .option("--entries", "every entry of the ledger, as CSV")
    .option(...STORAGE)
    .action(async (file: string | undefined, options: BillOptions) => {
      process.exitCode = await billCommand(file, options);
    });
  program
    .command("audit")
    .description("print who changed tenants and keys, and when")
    .argument(...scenario)
    .option("--limit <n>", "newest entries to print", "1000")
    .option("--json", "as JSON, one object per line")
    .option(...STORAGE)
    .action(async (file: string | undefined, options: AuditOptions) => {
      process.exitCode = await auditCommand(file, options);
    });
}
