/** What is measured: one thing at a time is changed, and at last all at once. */
import { offersTls } from "../contestants/contestant.ts";

export interface MatrixRow {
  readonly sizeBytes: number;
  readonly sessions: number;
  readonly domains: number;
  readonly tls: "none" | "starttls";
  readonly messages: number;
}

const kib = 2 ** 10;
const mib = 2 ** 20;
/** Of a quick one: a run of each is enough to see that all work, and about how fast. */
const quickPart = 4;

const usual: MatrixRow = {
  sizeBytes: 4 * kib,
  sessions: 20,
  domains: 1,
  tls: "none",
  messages: 10_000,
};

/** So many that a run takes seconds. */
const messagesOf50Kib = 4_000;
const messagesOf1Mib = 400;
const messagesOfOneSession = 3_000;
const manyDomains = 10_000;

export const matrixRows: readonly MatrixRow[] = [
  usual,
  { ...usual, sizeBytes: kib },
  { ...usual, sizeBytes: 50 * kib, messages: messagesOf50Kib },
  { ...usual, sizeBytes: mib, messages: messagesOf1Mib },
  { ...usual, sessions: 1, messages: messagesOfOneSession },
  { ...usual, sessions: 200 },
  { ...usual, domains: manyDomains },
  { ...usual, sessions: 200, domains: manyDomains },
  { ...usual, tls: "starttls" },
  {
    sizeBytes: 50 * kib,
    sessions: 200,
    domains: manyDomains,
    tls: "starttls",
    messages: messagesOf50Kib,
  },
];

export function quick(row: MatrixRow): MatrixRow {
  return { ...row, messages: row.messages / quickPart };
}

/** `4 KiB, 20 sessions, 1 destination`. */
export function rowName({ sizeBytes, sessions, domains, tls }: MatrixRow): string {
  const size = sizeBytes < mib ? `${sizeBytes / kib} KiB` : `${sizeBytes / mib} MiB`;
  const parts = [size, counted(sessions, "session"), counted(domains, "destination")];
  return [...parts, ...(tls === "none" ? [] : ["STARTTLS"])].join(", ");
}

/** One destination is one shard of a cluster, which has others. */
export function takesPart(name: string, { domains, tls }: MatrixRow): boolean {
  if (tls === "starttls" && !offersTls(name)) return false;
  return name !== "cluster" || domains > 1;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}
