/**
 * From the text of `godwit.yaml` to a configuration, or to everything that is wrong with it at
 * once.
 */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { loadShaping } from "#lib/shaping/load";
import type { Shaping, ShapingFile } from "#lib/shaping/shaping";
import type { Config, ListenerConfig } from "./config.ts";
import { groupOf, inconsistencies } from "./consistency.ts";
import { placed, readDocument } from "./document.ts";
import { type Fault, findingsOf } from "./fault.ts";
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
  const document = readDocument(source);
  if ("faults" in document) return document;
  const { value, places } = document;
  const folder = dirname(resolve(options.fileName));
  const schema = configSchema({
    environment: options.environment,
    readFile: (path) => options.readFile(resolve(folder, path)),
  });
  const parsed = schema.safeParse(value, { reportInput: true });
  const issues = parsed.success ? [] : parsed.error.issues;
  const findings = [
    ...issues.flatMap((issue) => findingsOf(issue, schema)),
    ...inconsistencies(value),
    ...missingForRole(value, options.role),
  ];
  const shapingFiles = readShapingFiles(value, options);
  const loaded = loadShaping(shapingFiles);
  const faults = [...placed(findings, places), ...("faults" in loaded ? loaded.faults : [])];
  if (faults.length > 0 || !parsed.success || "faults" in loaded) return { faults };
  return assembled(parsed.data, { shaping: loaded.shaping, shapingFiles }, options);
}

/** Those that can be read: the schema tells of the others, and these may have faults of their own. */
function readShapingFiles(written: unknown, options: LoadOptions): readonly ShapingFile[] {
  const folder = dirname(options.fileName);
  const { shaping } = groupOf(written);
  const paths: readonly unknown[] = Array.isArray(shaping) ? shaping : [];
  return paths.flatMap((path) => {
    const text = typeof path === "string" ? textOf(resolve(folder, path), options) : undefined;
    if (typeof path !== "string" || text === undefined) return [];
    return [{ name: isAbsolute(path) ? path : join(folder, path), text }];
  });
}

function textOf(path: string, { readFile }: LoadOptions): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

interface LoadedFiles {
  readonly shaping: Shaping;
  readonly shapingFiles: readonly ShapingFile[];
}

function assembled(written: Written, files: LoadedFiles, options: LoadOptions): Loaded {
  const { osHostname, role } = options;
  const folder = dirname(resolve(options.fileName));
  const name = written.hostname ?? ownName(osHostname);
  const data = resolve(folder, written.data);
  const { tokenFile } = written.control;
  const { file } = written.events;
  const listeners = written.listeners ?? defaultListeners(name);
  const config: Config = {
    ...written,
    ...files,
    hostname: name,
    data,
    shards: written.shards ?? shardsFor(role, written.nats !== undefined),
    delivery: { ...written.delivery, name: written.delivery.name ?? (osHostname || name) },
    listeners: listeners.map((listener) => ({
      ...listener,
      limits: { ...written.limits.server, ...listener.limits },
    })),
    limits: written.limits.edge,
    events: {
      ...written.events,
      file: { ...file, folder: resolve(folder, file.folder ?? join(data, "events")) },
    },
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

function warningsOf(config: Config): string[] {
  const { hostname: name, listeners, users, suppression, nats } = config;
  const warnings = httpWarnings(config);
  if (suppression.submission === "refuse" && nats !== undefined) {
    const why = "edges of a cluster take such recipients, and delivery tells the sender";
    warnings.push(`suppression.submission: refuse is for standalone: ${why}`);
  }
  if (name.endsWith(".localdomain") || !name.includes(".")) {
    const why = "other servers will distrust it";
    warnings.push(`hostname is "${name}", which is no name in the DNS: ${why}`);
  }
  for (const { name: listener, kind, trustedNetworks } of listeners) {
    if (kind !== "submission" || trustedNetworks.length > 0 || users.length > 0) continue;
    warnings.push(`listener "${listener}" has no users and no trustedNetworks: nobody can submit`);
  }
  for (const { name: listener, auth, address } of listeners) {
    if (auth !== "always" || isLoopback(address)) continue;
    warnings.push(`listener "${listener}" takes passwords without TLS (auth: always)`);
  }
  return warnings;
}

function httpWarnings({ listeners, tokens }: Config): string[] {
  return listeners.flatMap(({ name, kind, address, tls }) => {
    if (kind !== "http") return [];
    const isClear = !tls.implicit && !isLoopback(address);
    return [
      ...(tokens.length > 0 ? [] : [`listener "${name}" has no tokens: nobody can submit`]),
      ...(isClear ? [`listener "${name}" takes tokens without TLS (tls.implicit)`] : []),
    ];
  });
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
