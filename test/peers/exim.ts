/** Exim on a loopback port: takes mail for any mailbox of its domains into maildirs. */
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { missingAccounts } from "./account.ts";
import { missingUnpacked } from "./packages.ts";
import { freePort, launch, mailOwner, type Peer, peerDirectory } from "./peer.ts";

export interface EximOptions {
  readonly domains: readonly string[];
  /** Local parts in each of the domains; others are refused (550). */
  readonly users: readonly string[];
}

/** Only root writes there, and root runs what is in it. */
const root = "/var/cache/godwit-exim4";
export const eximProgram = join(root, "usr/sbin/exim4");
/** Compiled in: Exim does not start where it is missing. */
const account = "Debian-exim";

/** Why there is no Exim on this machine; undefined when there is. */
export async function eximMissing(): Promise<string | undefined> {
  return (await missingUnpacked("exim4-daemon-light", root)) ?? (await missingAccounts(account));
}

export async function startExim(options: EximOptions): Promise<Peer> {
  const directory = await peerDirectory("exim");
  const port = await freePort();
  const config = join(directory, "exim.conf");
  for (const made of ["spool", "log"]) {
    await mkdir(join(directory, made));
    await chown(join(directory, made), mailOwner, mailOwner);
  }
  await writeFile(config, configText({ ...options, directory, port }));
  return await launch({
    directory,
    port,
    logFile: join(directory, "log", "main"),
    command: [eximProgram, "-C", config, "-bdf"],
  });
}

interface ConfigOptions extends EximOptions {
  readonly directory: string;
  readonly port: number;
}

function configText({ directory, port, domains, users }: ConfigOptions): string {
  const all = domains.join(" : ");
  return `
exim_path = ${eximProgram}
exim_user = ${mailOwner}
exim_group = ${mailOwner}
primary_hostname = exim.example
spool_directory = ${directory}/spool
log_file_path = ${directory}/log/%s
pid_file_path = ${directory}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
deliver_drop_privilege = true
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
rcpt:
  deny message = 5.7.1 no relay
       !domains = ${all}
  require verify = recipient
  accept

begin routers
local:
  driver = accept
  domains = ${all}
  local_parts = ${users.join(" : ")}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = ${directory}/mail/$local_part_data
  maildir_format
  user = ${mailOwner}
  group = ${mailOwner}
`;
}
