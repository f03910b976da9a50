/** What a person reads at the start: what listens where, and how to send the first message. */
import type { Config } from "#lib/config/config";
import type { Endpoint } from "#lib/net/transport";
import { destinationOf } from "#lib/queue/shard";
import { parseMailbox } from "#lib/smtp/path";
import { routeFor } from "../delivery/attempt/routes.ts";
import type { Listening } from "../edge/edge.ts";

export interface Welcome {
  readonly config: Config;
  readonly configFile: string | undefined;
  readonly warnings: readonly string[];
  readonly listening: readonly Listening[];
  readonly control: Endpoint;
}

export function welcomeText(welcome: Welcome): string {
  const { config, configFile, warnings, control } = welcome;
  const rows = [
    ...welcome.listening.map((listening) => listenerRow(config, listening)),
    ["control", placeText(control), "HTTP for operators: /livez /readyz /metrics /v1"],
  ];
  return [
    `Godwit runs as ${config.hostname}, queue in ${config.data}`,
    configFile === undefined ? "No godwit.yaml: all is default." : `Configuration: ${configFile}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    "",
    ...aligned(rows),
    "",
    ...firstMessage(welcome),
    "The log follows on stdout, a line of JSON for each event. Ctrl-C stops.",
    "",
  ].join("\n");
}

function listenerRow(config: Config, { name, at }: Listening): string[] {
  const listener = config.listeners.find((candidate) => candidate.name === name);
  if (listener === undefined) return [name, placeText(at), ""];
  const tls = listener.tls.implicit ? "implicit TLS" : "STARTTLS";
  if (listener.kind === "inbound") {
    return [name, placeText(at), `mail for ${listener.localDomains.join(", ")}, ${tls}`];
  }
  if (listener.kind === "http") {
    const count = config.tokens.length === 1 ? "one token" : `${config.tokens.length} tokens`;
    const scheme = listener.tls.implicit ? "HTTPS" : "HTTP";
    return [name, placeText(at), `submission by ${scheme}: POST /v1/messages, ${count}`];
  }
  const trusted = listener.trustedNetworks.join(", ");
  const who = [
    ...(trusted === "" ? [] : [`from ${trusted} without a password`]),
    ...(config.users.length === 0 ? [] : ["from users with a password"]),
  ];
  return [name, placeText(at), `submission ${who.join(", or ")}, ${tls}`];
}

function firstMessage({ config, listening }: Welcome): string[] {
  const open = listening.find(({ name }) => {
    const listener = config.listeners.find((candidate) => candidate.name === name);
    const isOpen = (listener?.trustedNetworks.length ?? 0) > 0 && !listener?.requiresTls;
    return isOpen && listener?.tls.implicit === false;
  });
  if (open === undefined) return [];
  const { address, port } = open.at;
  return [
    "The first message:",
    "  printf 'Subject: Hello\\r\\n\\r\\nHello from Godwit.\\r\\n' | curl -sS --upload-file - \\",
    `    --mail-from you@example.org --mail-rcpt ${firstRecipient} smtp://${hostText(address)}:${port}`,
    ...(isRouted(config) ? [] : unroutedHint),
    "Then: npm run -s godwit queue list",
    "",
  ];
}

/** Bothers nobody: the null MX of its domain says that it takes no mail. */
const firstRecipient = "friend@example.com";

/** Else a newcomer's first message comes back, and seems to be our fault. */
const unroutedHint = [
  "No route is for it, and by MX example.com takes no mail (RFC 7505): it will come back.",
  "To see it arrive: npm run -s sink -- --port 2526, and in godwit.yaml before the start",
  '  routes: [{ domain: "*", nextHop: "smtp://127.0.0.1:2526" }]',
];

function isRouted({ routes }: Config): boolean {
  const mailbox = parseMailbox(firstRecipient);
  return mailbox !== undefined && routeFor(destinationOf(mailbox), routes) !== undefined;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [first, second] = [width(0), width(1)];
  return rows.map(
    ([name = "", place = "", what = ""]) =>
      `  ${name.padEnd(first)}  ${place.padEnd(second)}  ${what}`,
  );
}

function placeText({ address, port }: Endpoint): string {
  return `${hostText(address)}:${port}`;
}

/** Who listens on all addresses can be reached on loopback. */
function hostText(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
