/** `godwit bounces list|show|count|unknown|export`: what could not be delivered, and why. */
import type { Command } from "commander";
import { bounceClasses, isBounceClass } from "#lib/bounces/bounce-class";
import { bounceCsv, type ShownBounce } from "#lib/bounces/bounce-csv";
import { listLimitMax, parseMessageId } from "#proto/admin";
import { readBounceCounts, readBouncePage, readUnknownBounces } from "#proto/bounces/bounce-page";
import { CommandFailed, type Io } from "../io.ts";
import type { ControlClient } from "../operator/control-client.ts";
import { type ControlOptions, controlOf, withControlOptions } from "../operator/control-target.ts";
import { destinationBy, limitBy } from "../operator/selection.ts";
import { jsonLine, jsonText } from "../table.ts";
import { bounceListText, bounceText, countsText, unknownText } from "./bounce-text.ts";

const limitDefault = "100";
const timeHint = "2026-11-25 or 2026-11-25T08:00:00Z, in UTC";

interface Span {
  readonly since?: string;
  readonly until?: string;
}

interface Counted extends Span {
  readonly domain?: string;
  readonly campaign?: string;
  readonly tenant?: string;
  readonly class?: string;
}

interface Found extends Counted {
  readonly recipient?: string;
}

interface Listed extends ControlOptions, Found {
  readonly csv?: boolean;
  readonly cursor?: string;
  readonly limit: string;
}

export function addBounceCommands(program: Command, io: Io): void {
  const bounces = program
    .command("bounces")
    .description("recipients that mail could not be delivered to, for good, and why");
  addList(bounces, io);
  addShow(bounces, io);
  addCount(bounces, io);
  addUnknown(bounces, io);
  addExport(bounces, io);
}

function addList(bounces: Command, io: Io): void {
  withFound(withControlOptions(bounces.command("list")))
    .description("one by one, oldest first")
    .option("--limit <n>", "at most so many", limitDefault)
    .option("--cursor <cursor>", "go on where the last list ended")
    .option("--csv", "print CSV")
    .action(async (options: Listed) => {
      const { client } = controlOf(io, options);
      const limit = limitBy(options.limit, listLimitMax);
      const page = await gathered(client, foundQuery(options), { limit, cursor: options.cursor });
      if (options.json) return io.out(jsonText(page));
      if (options.csv) io.out(bounceCsv(page.bounces, { hasHeading: true }));
      else if (page.bounces.length > 0) io.out(bounceListText(page.bounces));
      else io.err("There are none.\n");
      if (page.next !== undefined) io.err(`There may be more: --cursor ${page.next}\n`);
    });
}

function addShow(bounces: Command, io: Io): void {
  withControlOptions(bounces.command("show"))
    .description("everything that is known of a message's bounces, or a recipient's")
    .argument("<what>", "a queue id, a unit's id, or a mailbox: bob@example.com")
    .action(async (what: string, options: ControlOptions) => {
      const id = parseMessageId(what);
      if (id === undefined && !what.includes("@")) {
        throw new CommandFailed(`"${what}" is neither a queue id nor a mailbox`, 2);
      }
      const { client } = controlOf(io, options);
      const query = id === undefined ? { recipient: what } : { message: id };
      const page = await gathered(client, query, { limit: listLimitMax });
      const isUnit = id?.includes(".") === true;
      const found = page.bounces.filter(({ uid }) => !isUnit || uid === id);
      if (options.json) return io.out(jsonText({ ...page, bounces: found }));
      if (found.length === 0) return io.err("There are none.\n");
      io.out(found.map(bounceText).join("\n"));
    });
}

function addCount(bounces: Command, io: Io): void {
  withCounted(withControlOptions(bounces.command("count")))
    .description("how many, by day and class; of all, a domain, a tenant or a campaign")
    .action(async (options: ControlOptions & Counted) => {
      const { client } = controlOf(io, options);
      const query = countedQuery(options);
      if (query.destination !== undefined && (query.tenant ?? query.campaign) !== undefined) {
        throw new CommandFailed("Counts are of a domain, or of a tenant and its campaigns", 2);
      }
      const counts = await client.get("/v1/bounces/counts", query, readBounceCounts);
      if (options.json) return io.out(jsonText({ counts }));
      if (counts.length === 0) return io.err("There are none.\n");
      io.out(countsText(counts));
    });
}

function addUnknown(bounces: Command, io: Io): void {
  withSpan(withControlOptions(bounces.command("unknown")))
    .description("replies that no rule knows, without what differs each time, by how many")
    .option("--limit <n>", "at most so many", limitDefault)
    .action(async (options: ControlOptions & Span & { readonly limit: string }) => {
      const { client } = controlOf(io, options);
      const limit = String(limitBy(options.limit, listLimitMax));
      const query = { ...spanQuery(options), limit };
      const texts = await client.get("/v1/bounces/unknown", query, readUnknownBounces);
      if (options.json) return io.out(jsonText({ texts }));
      if (texts.length === 0) return io.err("There are none.\n");
      io.out(unknownText(texts));
    });
}

function addExport(bounces: Command, io: Io): void {
  withFound(withControlOptions(bounces.command("export")))
    .description("all of them as CSV, or with --json as JSON, one to a line")
    .action(async (options: ControlOptions & Found) => {
      const { client } = controlOf(io, options);
      const query = { ...foundQuery(options), limit: String(listLimitMax) };
      let cursor: string | undefined;
      do {
        const page = await client.get("/v1/bounces", { ...query, cursor }, readBouncePage);
        const lines = () => page.bounces.map((bounce) => `${oneLine(bounce)}\n`).join("");
        const hasHeading = cursor === undefined;
        io.out(options.json === true ? lines() : bounceCsv(page.bounces, { hasHeading }));
        cursor = page.next;
      } while (cursor !== undefined);
    });
}

/** As safe for a terminal as the rest. */
function oneLine(value: unknown): string {
  return jsonLine(JSON.stringify(value));
}

/** Pages until there are enough: one may be short because others were looked at. */
async function gathered(
  client: ControlClient,
  query: Readonly<Record<string, string | undefined>>,
  from: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const bounces: ShownBounce[] = [];
  let next: string | undefined = from.cursor;
  do {
    const left = String(from.limit - bounces.length);
    const asked = { ...query, limit: left, cursor: next };
    const page = await client.get("/v1/bounces", asked, readBouncePage);
    bounces.push(...page.bounces);
    next = page.next;
  } while (next !== undefined && bounces.length < from.limit);
  return { bounces, ...(next === undefined ? {} : { next }) };
}

function withSpan(command: Command): Command {
  return command
    .option("--since <time>", `from then on: ${timeHint}`)
    .option("--until <time>", "before then");
}

function withCounted(command: Command): Command {
  return withSpan(command)
    .option("--domain <domain>", "only at this domain")
    .option("--campaign <name>", "only of this campaign")
    .option("--tenant <name>", "only of this tenant")
    .option("--class <class>", `only of this class: ${bounceClasses.join(", ")}`);
}

function withFound(command: Command): Command {
  return withCounted(command).option("--recipient <mailbox>", "only of this mailbox");
}

function spanQuery({ since, until }: Span) {
  return { since, until };
}

function countedQuery(options: Counted) {
  const { domain, campaign, tenant, class: of } = options;
  if (of !== undefined && !isBounceClass(of)) {
    const hint = `one of ${bounceClasses.join(", ")}`;
    throw new CommandFailed(`--class: "${of}" is no class: ${hint}`, 2);
  }
  const destination = domain === undefined ? undefined : destinationBy(domain);
  return { ...spanQuery(options), destination, campaign, tenant, class: of };
}

function foundQuery(options: Found) {
  return { ...countedQuery(options), recipient: options.recipient };
}
