/** Exim as a relay, a process for each session and each message; durable by nature. */
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Endpoint, TlsIdentity } from "#lib/net/transport";
import { eximMissing, eximProgram } from "../../../test/peers/exim.ts";
import { freePort, launch, mailOwner, peerDirectory } from "../../../test/peers/peer.ts";
import { type Contestant, type Destinations, domains, warmUp } from "./contestant.ts";
import { CpuGroup } from "./cpu-group.ts";
import { endNamespaces, inNamespaces } from "./namespace.ts";
import { versionOf } from "./version.ts";

export const exim: Contestant = {
  name: "exim",
  durability: "synced",
  idleMax: 500,
  share: 0.25,
  warmUpMessages: warmUp.slow,
  async missing() {
    const group = newGroup();
    group?.remove();
    // Nobody waits for the processes that deliver: without a group they cost nothing.
    return group === undefined ? "its CPU cannot be counted: no cgroup" : await eximMissing();
  },
  version: () => versionOf([eximProgram, "-bV"], /Exim version (\S+)/),
  async start(destinations, identity) {
    const directory = await peerDirectory("exim");
    const port = await freePort();
    for (const made of ["spool", "log"]) {
      await mkdir(join(directory, made));
      await chown(join(directory, made), mailOwner, mailOwner);
    }
    const config = join(directory, "exim.conf");
    await writeFile(config, configText({ directory, port, destinations, identity }));
    if (identity !== undefined) {
      await writeFile(join(directory, "tls.pem"), identity.certificate);
      const keyFile = join(directory, "tls.key");
      await writeFile(keyFile, identity.privateKey, { mode: 0o600 });
      await chown(keyFile, mailOwner, mailOwner);
    }
    const group = newGroup();
    const command = inNamespaces([eximProgram, "-C", config, "-bdf"]);
    const peer = await launch({
      directory,
      port,
      logFile: join(directory, "log", "main"),
      command: group?.entered(command) ?? command,
    });
    return {
      endpoint: peer.endpoint,
      roles: () => ({ exim: [peer.pid] }),
      cpuSeconds: () => group?.cpuSeconds(),
      log: peer.log,
      async stop() {
        endNamespaces(peer.pid);
        await peer.stop();
        group?.remove();
      },
    };
  },
};

/** One at a time. */
function newGroup(): CpuGroup | undefined {
  return CpuGroup.make(`godwit-bench-exim-${process.pid}`);
}

interface ConfigOptions {
  readonly directory: string;
  readonly port: number;
  readonly destinations: Destinations;
  readonly identity: TlsIdentity | undefined;
}

function configText({ directory, port, destinations, identity }: ConfigOptions): string {
  const { up, down } = destinations;
  const tls =
    identity === undefined
      ? "tls_advertise_hosts =\n"
      : `tls_advertise_hosts = *
tls_certificate = ${directory}/tls.pem
tls_privatekey = ${directory}/tls.key
`;
  return `
exim_path = ${eximProgram}
exim_user = ${mailOwner}
exim_group = ${mailOwner}
primary_hostname = exim.example
spool_directory = ${directory}/spool
split_spool_directory = true
log_file_path = ${directory}/log/%s
pid_file_path = ${directory}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
${tls}host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
deliver_drop_privilege = true
smtp_accept_max = 0
smtp_accept_max_nonmail = 100000
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
smtp_connect_backlog = 1024
acl_smtp_rcpt = accept
acl_smtp_data = accept

begin routers
down:
  driver = manualroute
  domains = ${domains.down} : *.${domains.down}
  route_list = * ${down.address} byname
  self = send
  transport = down
up:
  driver = manualroute
  route_list = * ${up.address} byname
  self = send
  transport = up

begin transports
${transportText("up", up)}${transportText("down", down)}
begin retry
* * F,5d,15m
`;
}

function transportText(name: string, { port }: Endpoint): string {
  return `${name}:
  driver = smtp
  port = ${port}
  allow_localhost
  hosts_avoid_tls = *
  hosts_try_chunking =
  connection_max_messages = 1000
`;
}
