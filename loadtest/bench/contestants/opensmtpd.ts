/** OpenSMTPD as a relay. It never syncs: a message with a 250 may be gone with the power. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openSmtpdMissing, openSmtpdProgram } from "../../../test/peers/opensmtpd.ts";
import { freePort, launch, peerDirectory } from "../../../test/peers/peer.ts";
import { type Contestant, type Destinations, domains, warmUp } from "./contestant.ts";
import { endNamespaces, inNamespaces } from "./namespace.ts";
import { versionOf } from "./version.ts";

/** Compiled in. It may be the machine's own: another folder is put over it for us alone. */
const spool = "/var/spool/smtpd";

export const openSmtpd: Contestant = {
  name: "opensmtpd",
  durability: "none",
  idleMax: 500,
  share: 0.25,
  warmUpMessages: warmUp.slow,
  // It listens with a backlog of 5: a connection beyond is never greeted.
  connectEveryMs: 10,
  missing: openSmtpdMissing,
  version: () => versionOf([openSmtpdProgram, "-h"], /OpenSMTPD (\S+)/),
  async start(destinations) {
    const directory = await peerDirectory("opensmtpd");
    const port = await freePort();
    const queue = join(directory, "queue");
    await mkdir(spool, { recursive: true });
    await mkdir(queue);
    await chmod(queue, 0o711);
    const config = join(directory, "smtpd.conf");
    await writeFile(config, configText(port, destinations), { mode: 0o600 });
    const peer = await launch({
      directory,
      port,
      // In the foreground it logs to its output.
      logFile: join(directory, "log"),
      command: inNamespaces([openSmtpdProgram, "-d", "-f", config], { from: queue, onto: spool }),
    });
    return {
      endpoint: peer.endpoint,
      roles: () => ({ opensmtpd: [peer.pid] }),
      log: peer.log,
      async stop() {
        endNamespaces(peer.pid);
        await peer.stop();
      },
    };
  },
};

/** Its limits keep it from flooding others' servers; here they would be all that is measured. */
const unlimited = `smtp limit max-mails 1000000
mta max-deferred 200000
mta limit max-conn-per-host 1000
mta limit max-conn-per-route 1000
mta limit max-conn-per-source 1000
mta limit max-conn-per-connector 1000
mta limit max-conn-per-relay 1000
mta limit max-conn-per-domain 1000
mta limit conn-delay-host 0
mta limit conn-delay-route 0
mta limit conn-delay-source 0
mta limit conn-delay-connector 0
mta limit conn-delay-relay 0
mta limit conn-delay-domain 0
mta limit session-mail-max 1000
mta limit session-transaction-delay 0
mta limit reconn-delay-route 0
mta limit session-keepalive 10
mta limit task-hiwat 5000
mta limit task-lowat 1000
mta limit task-release 1000
scheduler limit max-inflight 50000
scheduler limit max-schedule 1000
scheduler limit max-evp-batch-size 1000
scheduler limit max-msg-batch-size 1000
`;

function configText(port: number, { up, down }: Destinations): string {
  return `listen on 127.0.0.1 port ${port} hostname opensmtpd.example
smtp max-message-size 50M
${unlimited}action "up" relay host smtp://${up.address}:${up.port} helo opensmtpd.example
action "down" relay host smtp://${down.address}:${down.port} helo opensmtpd.example
match from any for domain { "${domains.down}", "*.${domains.down}" } action "down"
match from any for any action "up"
`;
}
