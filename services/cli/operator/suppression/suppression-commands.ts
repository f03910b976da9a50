/** `godwit suppression …`: whom nothing is sent to. */
import { type Command, Option } from "commander";
import { duration } from "#lib/config/value";
import { parseSuppressionKey } from "#lib/suppression/suppression";
import { listLimitMax } from "#proto/admin";
import { addressOf } from "#proto/suppression";
import { timeText, untilText } from "../../duration.ts";
import { CommandFailed, type Io } from "../../io.ts";
import { jsonText, table } from "../../table.ts";
import type { ControlClient } from "../control-client.ts";
import { type ControlOptions, controlOf, withControlOptions } from "../control-target.ts";
import { limitBy } from "../selection.ts";
import { csvHeading, type EntryFormat, entryLine, formatOf } from "./entry-lines.ts";
import {
  type ListedSuppression,
  readLifted,
  readPut,
  readSuppressions,
} from "./suppression-answers.ts";
import { importEntries, tellBadLines } from "./suppression-import.ts";

const listedMax = 100_000;

interface TenantOptions extends ControlOptions {
  readonly tenant?: string;
}

export function addSuppressionCommands(program: Command, io: Io): void {
  const suppression = program
    .command("suppression")
    .description("the addresses and domains that nothing is sent to");
  addChanges(suppression, io);
  addQuestions(suppression, io);
  addFiles(suppression, io);
}

interface AddOptions extends TenantOptions {
  readonly for?: string;
  readonly note?: string;
}

function addChanges(suppression: Command, io: Io): void {
  withTenant(suppression.command("add"))
    .description("send nothing more to an address, or to a whole domain")
    .argument("<address>", "joe@example.com, or example.com")
    .option("--for <span>", "90d, 12h; without it until it is removed")
    .option("--note <text>", "shown to others who ask why")
    .action(async (text: string, options: AddOptions) => {
      const { tenant, note } = options;
      const address = addressBy(text);
      const expiresAt = expiryBy(options.for, io.now());
      const { client } = controlOf(io, options);
      const entries = [{ address, tenant, note, expiresAt }];
      const put = await client.post("/v1/suppressions", { entries }, readPut);
      if (options.json) return io.out(jsonText({ put }));
      io.out(`Nothing more is sent to ${address}${ofTenant(tenant)}\n`);
    });

  withTenant(suppression.command("remove"))
    .description("send to an address or a domain again")
    .argument("<address>", "as it stands on the list")
    .action(async (text: string, options: TenantOptions) => {
      const { tenant } = options;
      const address = addressBy(text);
      const { client } = controlOf(io, options);
      const body = { entries: [{ address, tenant }] };
      const lifted = await client.post("/v1/suppressions/lift", body, readLifted);
      if (options.json) return io.out(jsonText({ lifted }));
      const was = lifted === 0 ? "was not on the list" : "is not on the list any more";
      io.out(`${address}${ofTenant(tenant)} ${was}\n`);
      // Whoever takes an address off means that mail goes there again.
      const left = await entriesFor(client, address, tenant);
      if (left.entries.length === 0) return;
      io.err("This keeps mail from it:\n");
      io.err(tableOf(left.entries, io.now()));
    });
}

/** Of anybody where no tenant is named. */
async function entriesFor(client: ControlClient, address: string, tenant: string | undefined) {
  const path = `/v1/suppressions/${encodeURIComponent(address)}`;
  const scope = tenant === undefined ? { scope: "any" } : { tenant };
  return await client.get(path, scope, readSuppressions);
}

interface ListOptions extends TenantOptions {
  readonly limit: string;
  readonly after?: string;
}

function addQuestions(suppression: Command, io: Io): void {
  withTenant(suppression.command("show"))
    .description(
      "what keeps mail from an address, anybody's or a tenant's: its entries, and its domain's",
    )
    .argument("<address>", "joe@example.com, or example.com")
    .action(async (text: string, options: TenantOptions) => {
      const address = addressBy(text);
      const { client } = controlOf(io, options);
      const { tenant } = options;
      const { entries, isWhole = true } = await entriesFor(client, address, tenant);
      if (!isWhole)
        io.err("There are too many tenants to look at all: --tenant NAME for others.\n");
      if (options.json) return io.out(jsonText({ entries }));
      if (entries.length > 0) return io.out(tableOf(entries, io.now()));
      io.err(`Nothing keeps mail${ofTenant(tenant)} from ${address}.\n`);
    });

  withTenant(suppression.command("list"))
    .description("the list, in no order of time")
    .option("--limit <n>", "at most so many", "100")
    .option("--after <position>", "go on where another list ended")
    .action(async (options: ListOptions) => {
      const limit = limitBy(options.limit, listedMax);
      const { client } = controlOf(io, options);
      const entries: ListedSuppression[] = [];
      let next = options.after;
      do {
        const most = limit - entries.length;
        const page = await pageOf(client, { tenant: options.tenant, after: next, limit: most });
        entries.push(...page.entries);
        next = page.next;
      } while (next !== undefined && entries.length < limit);
      if (options.json) return io.out(jsonText({ entries, next }));
      if (entries.length > 0) io.out(tableOf(entries, io.now()));
      else io.err("There are none.\n");
      if (next !== undefined) io.err(`More may follow: --after '${next}', or a higher --limit\n`);
    });
}

interface ImportCommandOptions extends TenantOptions {
  readonly for?: string;
  readonly reason?: string;
  readonly format?: EntryFormat;
  readonly dryRun?: boolean;
}

interface ExportOptions extends TenantOptions {
  readonly format: EntryFormat;
}

function addFiles(suppression: Command, io: Io): void {
  withTenant(suppression.command("import"))
    .description("put the addresses of a file on the list; a line's own words come first")
    .argument("<file>", "CSV (address first, or a heading) or JSON lines; - for standard input")
    .option("--for <span>", "90d; without it until they are removed")
    .option("--reason <word>", "by-hand, if nothing is said")
    .addOption(formatOption())
    .option("--dry-run", "only tell which lines are bad")
    .action((file: string, options: ImportCommandOptions) => importFile(io, file, options));

  withTenant(suppression.command("export"))
    .description("print the whole list, for import")
    .addOption(formatOption().default("csv"))
    .action(async (options: ExportOptions) => {
      const { tenant, format } = options;
      const { client } = controlOf(io, options);
      if (format === "csv") io.out(csvHeading);
      let after: string | undefined;
      do {
        const page = await pageOf(client, { tenant, after, limit: listLimitMax });
        io.out(page.entries.map((entry) => entryLine(listedOf(entry), format)).join(""));
        after = page.next;
      } while (after !== undefined);
    });
}

async function importFile(io: Io, file: string, options: ImportCommandOptions): Promise<void> {
  const { tenant, reason, dryRun } = options;
  const text = textOf(io, file);
  const expiresAt = expiryBy(options.for, io.now());
  const asked = dryRun === true ? {} : { client: controlOf(io, options).client };
  const { entries, badLines } = await importEntries({
    text,
    format: options.format ?? formatOf(text),
    defaults: {
      ...(tenant === undefined ? {} : { tenant }),
      ...(reason === undefined ? {} : { reason }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
    ...asked,
  });
  tellBadLines(io, badLines);
  if (options.json) io.out(jsonText({ entries, badLines }));
  else io.out(`${entries} ${dryRun ? "would be" : "are"} on the list\n`);
  if (badLines.length === 0) return;
  const verb = badLines.length === 1 ? "line is" : "lines are";
  throw new CommandFailed(`${badLines.length} ${verb} bad, and not imported.`);
}

function withTenant(command: Command): Command {
  return withControlOptions(command).option("--tenant <name>", "for this tenant's mail alone");
}

function formatOption(): Option {
  return new Option("--format <format>", "of the file").choices(["csv", "jsonl"]);
}

interface PageQuery {
  readonly tenant: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

function pageOf(client: ControlClient, { tenant, after, limit }: PageQuery) {
  const query = { tenant, after, limit: String(Math.min(limit, listLimitMax)) };
  return client.get("/v1/suppressions", query, readSuppressions);
}

/** @throws {CommandFailed} */
function addressBy(text: string): string {
  const key = parseSuppressionKey(text);
  if (key !== undefined) return addressOf(key);
  throw new CommandFailed(`"${text}" is neither a mailbox nor a domain`, 2);
}

/** @throws {CommandFailed} */
function expiryBy(span: string | undefined, now: number): number | undefined {
  if (span === undefined) return undefined;
  const parsed = duration(span);
  if (parsed.ok) return now + parsed.value;
  throw new CommandFailed(`--for: ${parsed.message} (${parsed.hint ?? "such as 90d"})`, 2);
}

/** @throws {CommandFailed} */
function textOf(io: Io, file: string): string {
  try {
    return io.readFile(file === "-" ? "/dev/stdin" : file);
  } catch {
    throw new CommandFailed(`Cannot read "${file}"`, 2);
  }
}

function ofTenant(tenant: string | undefined): string {
  return tenant === undefined ? "" : ` for ${tenant}`;
}

/** Without what is undefined. */
function listedOf({ address, tenant, reason, note, uid, at, expiresAt }: ListedSuppression) {
  return {
    address,
    ...(tenant === undefined ? {} : { tenant }),
    reason,
    ...(note === undefined ? {} : { note }),
    ...(uid === undefined ? {} : { uid }),
    at,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function tableOf(entries: readonly ListedSuppression[], now: number): string {
  const rows = entries.map(({ address, tenant = "", reason, at, expiresAt, note = "" }) => [
    address,
    tenant,
    reason,
    timeText(at),
    expiresAt === undefined ? "" : untilText(expiresAt, now),
    note,
  ]);
  return table(["ADDRESS", "TENANT", "REASON", "SINCE (UTC)", "ENDS", "NOTE"], rows);
}
