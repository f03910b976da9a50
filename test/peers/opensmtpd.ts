/**
 * OpenSMTPD on a loopback port: takes mail for known users of its domains into maildirs. One at a
 * time.
 */
import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { missingAccounts } from "./account.ts";
import { missingUnpacked } from "./packages.ts";
import { freePort, launch, mailOwner, type Peer, peerDirectory } from "./peer.ts";

export interface OpenSmtpdOptions {
  readonly domains: readonly string[];
  /** Local parts in each of the domains; others are refused (550). */
  readonly users: readonly string[];
}

/** Only root writes there, and root runs what is in it. */
const root = "/var/cache/godwit-opensmtpd";
export const openSmtpdProgram = join(root, "usr/sbin/smtpd");
/** Compiled in, all of them: the spool, too, is always /var/spool/smtpd. */
const accounts = ["opensmtpd", "opensmtpq"];
const emptyDirectory = "/var/lib/opensmtpd/empty";
const deliveryPrograms = "/usr/libexec/opensmtpd";

/** Why there is no OpenSMTPD on this machine; undefined when there is. */
export async function openSmtpdMissing(): Promise<string | undefined> {
  const reason = (await missingUnpacked("opensmtpd", root)) ?? (await missingAccounts(...accounts));
  if (reason !== undefined) return reason;
  await mkdir(emptyDirectory, { recursive: true });
  if (existsSync(deliveryPrograms)) return undefined;
  await mkdir(dirname(deliveryPrograms), { recursive: true });
  await symlink(join(root, deliveryPrograms), deliveryPrograms);
  return undefined;
}

export async function startOpenSmtpd(options: OpenSmtpdOptions): Promise<Peer> {
  const directory = await peerDirectory("opensmtpd");
  const port = await freePort();
  const config = join(directory, "smtpd.conf");
  await writeFile(config, configText({ ...options, directory, port }), { mode: 0o600 });
  return await launch({
    directory,
    port,
    // In the foreground it logs to its output.
    logFile: join(directory, "log"),
    command: [openSmtpdProgram, "-d", "-f", config],
  });
}

interface ConfigOptions extends OpenSmtpdOptions {
  readonly directory: string;
  readonly port: number;
}

function configText({ directory, port, domains, users }: ConfigOptions): string {
  const mail = join(directory, "mail");
  const known = users.map((user) => `${user} = ${mailOwner}:${mailOwner}:${mail}/${user}`);
  return `
table users { ${known.join(", ")} }
table domains { ${domains.join(", ")} }
listen on 127.0.0.1 port ${port} hostname opensmtpd.example
action "deliver" maildir "${mail}/%{rcpt.user}" userbase <users>
match from any for domain <domains> action "deliver"
`;
}
