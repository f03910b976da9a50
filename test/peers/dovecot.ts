/** Dovecot on a loopback port: an LMTP server with a maildir for whoever mail is for. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { missing } from "./packages.ts";
import { freePort, launch, mailOwner, type Peer, peerDirectory } from "./peer.ts";

const program = "/usr/sbin/dovecot";

/** Why there is no Dovecot on this machine; undefined when there is. */
export async function dovecotMissing(): Promise<string | undefined> {
  const reason = await missing([
    { name: "dovecot-core", program },
    { name: "dovecot-lmtpd", program: "/usr/lib/dovecot/lmtp" },
  ]);
  return reason ?? (await otherVersion());
}

export interface DovecotOptions {
  /** Local parts that are known; others are refused (550 5.1.1). Not given: everybody is known. */
  readonly users?: readonly string[];
}

export async function startDovecot({ users }: DovecotOptions = {}): Promise<Peer> {
  const directory = await peerDirectory("dovecot");
  const port = await freePort();
  const config = join(directory, "dovecot.conf");
  await mkdir(join(directory, "run"));
  const known = (users ?? []).map((user) => `${user}::${mailOwner}:${mailOwner}::${directory}\n`);
  await writeFile(join(directory, "users"), known.join(""));
  const everybody = `driver = static
  args = uid=${mailOwner} gid=${mailOwner} home=${directory}/mail/%n allow_all_users=yes`;
  const some = `driver = passwd-file
  args = username_format=%n ${directory}/users`;
  const userdb = users === undefined ? everybody : some;
  await writeFile(config, configText({ directory, port, userdb }));
  return await launch({
    directory,
    port,
    logFile: join(directory, "dovecot.log"),
    command: [program, "-F", "-c", config],
  });
}

interface ConfigOptions {
  readonly directory: string;
  readonly port: number;
  readonly userdb: string;
}

function configText({ directory, port, userdb }: ConfigOptions): string {
  return `
protocols = lmtp
base_dir = ${directory}/run
state_dir = ${directory}/run
log_path = ${directory}/dovecot.log
ssl = no
first_valid_uid = 1
mail_location = maildir:${directory}/mail/%n
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  ${userdb}
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
`;
}

/** The configuration's language changed with 2.4. */
async function otherVersion(): Promise<string | undefined> {
  const child = Bun.spawn([program, "--version"], { stdin: "ignore", stdout: "pipe" });
  const version = (await child.stdout.text()).trim();
  return version.startsWith("2.3.") ? undefined : `Dovecot ${version} is not 2.3`;
}
