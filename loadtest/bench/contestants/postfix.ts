/** Postfix as a relay, as Debian has it; durable by nature: an fsync for each message. */
import { postfixMissing, startPostfix } from "../../../test/peers/postfix.ts";
import { type Contestant, domains, warmUp } from "./contestant.ts";
import { versionOf } from "./version.ts";

const processMax = 600;

export const postfix: Contestant = {
  name: "postfix",
  durability: "synced",
  idleMax: 500,
  share: 1,
  warmUpMessages: warmUp.compiled,
  missing: postfixMissing,
  version: () => versionOf(["/usr/sbin/postconf", "-d", "mail_version"], /= (\S+)/),
  async start({ up, down }, identity) {
    const peer = await startPostfix({
      domains: [],
      ...(identity === undefined ? {} : { identity }),
      settings: {
        default_transport: "smtp",
        relayhost: `[${up.address}]:${up.port}`,
        transport_maps: `inline:{{${domains.down} = smtp:[${down.address}]:${down.port}}}`,
        smtpd_relay_restrictions: "permit_mynetworks, reject",
        smtpd_client_message_rate_limit: "0",
        disable_dns_lookups: "yes",
        // Else accepting waits for delivery, a second at a time.
        in_flow_delay: "0",
        default_process_limit: String(processMax),
      },
    });
    return {
      endpoint: peer.endpoint,
      roles: () => ({ postfix: [peer.pid] }),
      log: peer.log,
      stop: peer.stop,
    };
  },
};
