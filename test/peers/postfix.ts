/** Postfix on a loopback port: takes mail for any mailbox of its domains, or for nobody. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TlsIdentity } from "#lib/net/transport";
import { missing } from "./packages.ts";
import { freePort, launch, mailOwner, type Peer, peerDirectory } from "./peer.ts";

export interface PostfixOptions {
  readonly domains: readonly string[];
  /** Local parts in each of the domains; others are refused (550 5.1.1). */
  readonly users?: readonly string[];
  /** The user who gets the mail of all others, so that nobody is refused. */
  readonly everybodyElse?: string;
  /** Mail is delivered to maildirs, or thrown away: for measuring. */
  readonly deliver?: "maildir" | "discard";
  /** Offers STARTTLS. */
  readonly identity?: TlsIdentity;
  /** More of main.cf; wins over ours. */
  readonly settings?: Readonly<Record<string, string>>;
}

const daemons = "/usr/lib/postfix/sbin";

/**
 * Service, type, private, unprivileged, chroot, wakeup, process limit, command. No chroot: our
 * directory is none.
 */
const services = [
  "pickup unix n - n 60 1 pickup",
  "cleanup unix n - n - 0 cleanup",
  "qmgr unix n - n 300 1 qmgr",
  "tlsmgr unix - - n 1000? 1 tlsmgr",
  "rewrite unix - - n - - trivial-rewrite",
  "bounce unix - - n - 0 bounce",
  "defer unix - - n - 0 bounce",
  "trace unix - - n - 0 bounce",
  "verify unix - - n - 1 verify",
  "proxymap unix - - n - - proxymap",
  "smtp unix - - n - - smtp",
  "relay unix - - n - - smtp",
  "showq unix n - n - - showq",
  "error unix - - n - - error",
  "retry unix - - n - - error",
  "discard unix - - n - - discard",
  "virtual unix - n n - - virtual",
  "anvil unix - - n - 1 anvil",
  "scache unix - - n - 1 scache",
  "postlog unix-dgram n - n - 1 postlogd",
] as const;

/** Why there is no Postfix on this machine; undefined when there is. */
export function postfixMissing(): Promise<string | undefined> {
  return missing([{ name: "postfix", program: `${daemons}/master` }]);
}

export async function startPostfix(options: PostfixOptions): Promise<Peer> {
  const directory = await peerDirectory("postfix");
  const port = await freePort();
  const config = join(directory, "etc");
  for (const made of ["etc", "spool"]) await mkdir(join(directory, made));
  const smtpd = `127.0.0.1:${port} inet n - n - - smtpd`;
  const logFile = join(directory, "mail.log");
  const { identity } = options;
  const files = {
    "main.cf": settingsText({ ...settings(directory, options), ...options.settings }),
    "master.cf": `${[smtpd, ...services].join("\n")}\n`,
    mailboxes: mailboxes(options),
    "chain.pem": identity === undefined ? "" : identity.privateKey + identity.certificate,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(config, name), text);
  await check(config, logFile);
  return await launch({
    directory,
    port,
    logFile,
    command: [`${daemons}/master`, "-c", config, "-d"],
  });
}

function settings(directory: string, options: PostfixOptions): Record<string, string> {
  const { domains, deliver = "maildir", identity } = options;
  return {
    compatibility_level: "3.6",
    queue_directory: `${directory}/spool`,
    data_directory: `${directory}/data`,
    maillog_file: `${directory}/mail.log`,
    maillog_file_prefixes: directory,
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    myhostname: "postfix.example",
    mydestination: "",
    alias_maps: "",
    alias_database: "",
    mynetworks: "127.0.0.0/8",
    // The content stays as it came: no header fields for a client that is near.
    local_header_rewrite_clients: "",
    smtpd_relay_restrictions: "reject_unauth_destination",
    smtpd_peername_lookup: "no",
    smtpd_client_connection_count_limit: "0",
    smtpd_delay_reject: "no",
    // Nothing leaves: neither bounces nor the queries for their mail exchangers.
    default_transport: "discard",
    virtual_mailbox_domains: domains.join(", "),
    virtual_mailbox_maps: `texthash:${directory}/etc/mailboxes`,
    virtual_mailbox_base: `${directory}/mail`,
    virtual_uid_maps: `static:${mailOwner}`,
    virtual_gid_maps: `static:${mailOwner}`,
    virtual_transport: deliver === "maildir" ? "virtual" : "discard",
    ...(identity === undefined
      ? {}
      : {
          smtpd_tls_security_level: "may",
          smtpd_tls_chain_files: `${directory}/etc/chain.pem`,
        }),
  };
}

function mailboxes({ domains, users = [], everybodyElse }: PostfixOptions): string {
  let text = "";
  for (const domain of domains) {
    for (const user of users) text += `${user}@${domain} ${user}/\n`;
    if (everybodyElse !== undefined) text += `@${domain} ${everybodyElse}/\n`;
  }
  return text;
}

function settingsText(entries: Readonly<Record<string, string>>): string {
  const lines = Object.entries(entries).map(([name, value]) => `${name} = ${value}\n`);
  return lines.join("");
}

/** Makes the queue's directories, with the owners that Postfix wants. */
async function check(config: string, logFile: string): Promise<void> {
  const command = ["/usr/sbin/postfix", "-c", config, "check"];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  if ((await child.exited) === 0) return;
  throw new Error(`Cannot set Postfix up: ${await Bun.file(logFile).text()}`);
}
