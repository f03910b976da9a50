/**
 * What the headers of a server transcript tell the session and the machine around it.
 *
 *   # settings: auth=always messageSizeMax=1000     any of ServerSettings and ServerLimits
 *   # users: alice:secret bob:other
 *   # futurerelease: now=2026-11-29T00:00:00Z msMax=86400000   what is offered, and when it is
 *   # domains: local.example                        whose mail is taken (this one, if not said)
 *   # refuses: mail <x@evil.example> 550 5.7.1 No   also: rcpt <path> …, content …, auth …
 */
import { type Reply, type ReplyCode, reply } from "#lib/smtp/reply";
import type { ServerLimits, ServerSettings } from "#lib/smtp/server/step";
import { parseStatus } from "#lib/smtp/status";
import { parseAssignments, type Transcript } from "../transcript.ts";

/** DESIGN §9. */
export const defaultLimits: ServerLimits = {
  messageSizeMax: 26_214_400,
  recipientsMax: 1_000,
  contentLineMax: 8_192,
  commandLineMax: 2_048,
  authLineMax: 12_288,
  errorsSoftMax: 10,
  errorsHardMax: 20,
  errorDelayMs: 1_000,
  receivedFieldsMax: 50,
  pipelinedBytesMax: 65_536,
};

export const defaultSettings: ServerSettings = {
  hostname: "edge.example",
  offersStartTls: true,
  auth: "underTls",
  requiresAuth: false,
  requiresTls: false,
  isTls: false,
  limits: defaultLimits,
};

/** What the machine around the session is told to do. */
export interface Script {
  readonly settings: ServerSettings;
  readonly users: ReadonlyMap<string, string>;
  readonly domains: ReadonlySet<string>;
  /** By what is refused: `mail <x@evil.example>`, `content`. */
  readonly refusals: ReadonlyMap<string, Reply>;
}

export function scriptOf({ headers }: Transcript): Script {
  const values = (name: string) => headers.filter((h) => h.name === name).map((h) => h.value);
  const words = (name: string) => values(name).flatMap((value) => value.split(" "));
  const domains = words("domains");
  return {
    settings: { ...settingsOf(values("settings")), ...releaseOf(values("futurerelease")) },
    users: new Map(words("users").map((word) => pair(word, ":"))),
    domains: new Set(domains.length === 0 ? ["local.example"] : domains),
    refusals: new Map(values("refuses").map(refusal)),
  };
}

function settingsOf(lines: readonly string[]): ServerSettings {
  const settings: Record<string, unknown> = { ...defaultSettings };
  const limits: Record<string, unknown> = { ...defaultLimits };
  for (const [key, text] of lines.flatMap(parseAssignments)) {
    const target = key in limits ? limits : settings;
    const kind = typeof target[key];
    if (kind === "undefined") throw new SyntaxError(`No such setting: ${key}`);
    if (kind === "number") target[key] = Number(text);
    else target[key] = kind === "boolean" ? text === "true" : text;
  }
  return { ...settings, limits } as unknown as ServerSettings;
}

function releaseOf([line]: readonly string[]): Pick<ServerSettings, "futureRelease"> {
  if (line === undefined) return {};
  const { now = "", msMax = "" } = Object.fromEntries(parseAssignments(line));
  return { futureRelease: { msMax: Number(msMax), clock: { now: () => Date.parse(now) } } };
}

function pair(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

function refusal(text: string): [string, Reply] {
  const match = /^(mail|rcpt|content|auth)(?: (<.*?>))? (\d{3}) (.*)$/.exec(text);
  if (match === null) throw new SyntaxError(`No refusal: ${text}`);
  const [, what, path, code, rest = ""] = match;
  const status = parseStatus(rest);
  const words = status === undefined ? rest : rest.slice(status.length + 1);
  return [
    path === undefined ? `${what}` : `${what} ${path}`,
    anyReply(Number(code), status, words),
  ];
}

function anyReply(code: number, status: string | undefined, text: string): Reply {
  return reply(code as ReplyCode<5>, status as "5.0.0" | undefined, text);
}
