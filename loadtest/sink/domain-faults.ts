/**
 * What goes wrong with recipients of certain domains, and how often: a YAML text with a list for
 * each domain, which is of those below it, too; `*` is of all others.
 *
 *     bigmail.example:
 *       - { odds: 0.02, at: rcpt, replies: ["550 5.1.1 No such user"] }
 *       - { odds: 0.01, fault: drop-after-dot }
 */
import { z } from "zod";
import { placed, readDocument } from "#lib/config/document";
import { type Fault as FileFault, faultLine, findingsOf } from "#lib/config/fault";
import type { Random } from "#lib/random";
import { type Fault, parseFault } from "./fault.ts";

/** Replies to commands that say for whom they are. */
const stagesOfRecipients = ["rcpt", "data", "end-of-data"] as const;

/** RFC 5321 §4.2: a code, and the text of one line or more. */
const replyPattern = /^([245][0-5][0-9]) ([\x20-\x7e]+(?:\n[\x20-\x7e]+)*)$/;

const always = { timesMax: Number.POSITIVE_INFINITY, oneIn: 1 } as const;

const odds = z.number().gt(0).max(1);
const reply = z.string().regex(replyPattern, "must be a code and a text: 550 5.1.1 No such user");
const row = z
  .strictObject({
    odds,
    at: z.enum(stagesOfRecipients).default("end-of-data"),
    replies: z.array(reply).min(1, "needs a reply").optional(),
    fault: z
      .string()
      .refine((word) => parseFault(word) !== undefined, "is no fault of the sink")
      .optional(),
  })
  .refine((it) => (it.replies === undefined) !== (it.fault === undefined), {
    error: "has either replies or a fault",
  });
const file = z.record(
  z.string().min(1),
  z.array(row).refine((rows) => sum(rows) <= 1 + 1e-9, "has odds that come to more than 1"),
);

type Row = z.infer<typeof row>;

interface Chance {
  /** Until which number of 0 to 1 it is this one. */
  readonly until: number;
  readonly faults: readonly Fault[];
}

const domainsKeptMax = 10_000;

export class DomainFaults {
  readonly #chances: ReadonlyMap<string, readonly Chance[]>;
  readonly #random: Random;
  /** By the whole domain, so that it is looked up once. */
  readonly #known = new Map<string, readonly Chance[]>();

  constructor(rows: Readonly<Record<string, readonly Row[]>>, random: Random) {
    const entries = Object.entries(rows);
    this.#chances = new Map(
      entries.map(([domain, rows]) => [domain.toLowerCase(), chancesOf(rows)]),
    );
    this.#random = random;
  }

  /** @throws for a text that is no such file, with all that is wrong with it */
  static read(text: string, name: string, random: Random): DomainFaults {
    const document = readDocument(text);
    if ("faults" in document) throw new Error(linesOf(name, document.faults));
    const parsed = file.safeParse(document.value, { reportInput: true });
    if (parsed.success) return new DomainFaults(parsed.data, random);
    const findings = parsed.error.issues.flatMap((issue) => findingsOf(issue, file));
    throw new Error(linesOf(name, placed(findings, document.places)));
  }

  /** Drawn anew for each recipient: at most one of the domain's rows strikes. */
  of(domain: string): Fault | undefined {
    const chances = this.#known.get(domain) ?? this.#lookUp(domain);
    if (chances.length === 0) return undefined;
    const drawn = this.#random.next();
    const faults = chances.find(({ until }) => drawn < until)?.faults ?? [];
    return faults.length > 1 ? faults[this.#random.below(faults.length)] : faults[0];
  }

  #lookUp(domain: string): readonly Chance[] {
    const labels = domain.toLowerCase().split(".");
    const names = labels.map((_, i) => labels.slice(i).join("."));
    const name = names.find((it) => this.#chances.has(it)) ?? "*";
    const chances = this.#chances.get(name) ?? [];
    if (this.#known.size >= domainsKeptMax) this.#known.clear();
    this.#known.set(domain, chances);
    return chances;
  }
}

function chancesOf(rows: readonly Row[]): readonly Chance[] {
  let until = 0;
  return rows.map((row) => {
    until += row.odds;
    return { until, faults: faultsOf(row) };
  });
}

function faultsOf({ at: stage, replies = [], fault }: Row): readonly Fault[] {
  const asked = fault === undefined ? undefined : parseFault(fault);
  if (asked !== undefined) return [asked];
  return replies.map((text) => {
    const [, code = "", words = ""] = replyPattern.exec(text) ?? [];
    return { ...always, stage, misdeed: { kind: "reply", code: Number(code), text: words } };
  });
}

function sum(rows: readonly { readonly odds: number }[]): number {
  return rows.reduce((sum, row) => sum + row.odds, 0);
}

function linesOf(name: string, faults: readonly FileFault[]): string {
  return faults.map((fault) => faultLine(name, fault)).join("\n");
}
