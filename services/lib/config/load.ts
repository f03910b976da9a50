/**
 * From the text of `godwit.yaml` to a configuration, or to everything that is wrong with it at
 * once.
 */
import { dirname, join, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { Config, ListenerConfig } from "./config.ts";
import { inconsistencies } from "./consistency.ts";
import { type Fault, type Finding, findingsOf, keyText } from "./fault.ts";
import { Places } from "./place.ts";
import { missingForRole, type RoleName, shardsFor } from "./role.ts";
import { configSchema, type Written } from "./schema.ts";
import type { Sources } from "./secret.ts";
import { hostname } from "./value.ts";

export interface LoadOptions extends Sources {
  /** Relative paths in the file are taken from its folder; without a file, from here. */
  readonly fileName: string;
  /** The operating system's, for when the file names none. */
  readonly osHostname: string;
  /** What it must suffice for; undefined: for what needs the least. */
  readonly role?: RoleName | undefined;
}

export type Loaded =
  | { readonly config: Config; readonly warnings: readonly string[] }
  | { readonly faults: readonly Fault[] };

/** Loads an empty text, too: everything has a default, for loopback only. */
export function loadConfig(source: string, options: LoadOptions): Loaded {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const places = new Places(document, lines);
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map(({ pos, message }) => syntaxFault(lines, pos[0], message)),
    };
  }
  const folder = dirname(resolve(options.fileName));
  const schema = configSchema({
    environment: options.environment,
    readFile: (path) => options.readFile(resolve(folder, path)),
  });
  const value = plainValue(document);
  if (value instanceof Error) return { faults: [syntaxFault(lines, 0, value.message)] };
  const parsed = schema.safeParse(value, { reportInput: true });
  const issues = parsed.success ? [] : parsed.error.issues;
  const findings = [
    ...issues.flatMap((issue) => findingsOf(issue, schema)),
    ...inconsistencies(value),
    ...missingForRole(value, options.role),
  ];
  if (findings.length > 0 || !parsed.success) return { faults: placed(findings, places) };
  return assembled(parsed.data, folder, options);
}

/** An empty file is one without keys. */
function plainValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    // An alias of aliases can be made to unfold without end.
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function syntaxFault(lines: LineCounter, offset: number, message: string): Fault {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col), key: "", message };
}

function placed(findings: readonly Finding[], places: Places): Fault[] {
  const faults = findings.map(({ path, isKey, message, hint }) => ({
    ...(isKey ? places.ofKey(path) : places.ofValue(path)),
    key: keyText(path),
    message,
    ...(hint === undefined ? {} : { hint }),
  }));
  return faults.sort((a, b) => a.line - b.line || a.column - b.column);
}

function assembled(written: Written, folder: string, options: LoadOptions): Loaded {
  const { osHostname, role } = options;
  const name = written.hostname ?? ownName(osHostname);
  const data = resolve(folder, written.data);
  const { tokenFile } = written.control;
  const listeners = written.listeners ?? defaultListeners(name);
  const config: Config = {
    ...written,
    hostname: name,
    data,
    shards: written.shards ?? shardsFor(role, written.nats !== undefined),
    delivery: { ...written.delivery, name: written.delivery.name ?? (osHostname || name) },
    listeners: listeners.map((listener) => ({
      ...listener,
      limits: { ...written.limits.server, ...listener.limits },
    })),
    limits: written.limits.edge,
    control: {
      ...written.control,
      tokenFile: tokenFile === undefined ? join(data, "control.token") : resolve(folder, tokenFile),
    },
  };
  const ofRole = role === "edge" && config.tls === undefined ? [selfSignedWarning] : [];
  return { config, warnings: [...warningsOf(config), ...ofRole] };
}

const selfSignedWarning =
  "tls is not given: this edge shows a self-signed certificate, another one at each start";

/** A bare name is no name for others: then one that says so. */
function ownName(osHostname: string): string {
  const parsed = hostname(osHostname);
  if (!parsed.ok) return "localhost.localdomain";
  return parsed.value.includes(".") ? parsed.value : `${parsed.value}.localdomain`;
}

/** On loopback only, so that a start without a file is no risk to anybody. */
function defaultListeners(name: string): readonly ListenerConfig[] {
  const common = {
    address: "127.0.0.1",
    tls: { implicit: false },
    trustedNetworks: [],
    localDomains: [],
    requiresTls: false,
    limits: {},
  } as const;
  const submission = {
    ...common,
    kind: "submission" as const,
    trustedNetworks: ["127.0.0.0/8", "::1/128"],
  };
  return [
    { ...submission, name: "submission", port: 2587 },
    { ...submission, name: "submissions", port: 2465, tls: { implicit: true } },
    { ...common, name: "inbound", port: 2525, kind: "inbound", localDomains: [name] },
  ];
}

function warningsOf({ hostname: name, listeners, users }: Config): string[] {
  const warnings: string[] = [];
  if (name.endsWith(".localdomain") || !name.includes(".")) {
    const why = "other servers will distrust it";
    warnings.push(`hostname is "${name}", which is no name in the DNS: ${why}`);
  }
  for (const { name: listener, kind, trustedNetworks } of listeners) {
    if (kind === "inbound" || trustedNetworks.length > 0 || users.length > 0) continue;
    warnings.push(`listener "${listener}" has no users and no trustedNetworks: nobody can submit`);
  }
  for (const { name: listener, auth, address } of listeners) {
    if (auth !== "always" || address.startsWith("127.") || address === "::1") continue;
    warnings.push(`listener "${listener}" takes passwords without TLS (auth: always)`);
  }
  return warnings;
}
