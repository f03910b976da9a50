/** Haraka as a relay, two workers of Node; durable: it syncs its queue file before the 250. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TlsIdentity } from "#lib/net/transport";
import { freePort, launch, peerDirectory } from "../../../test/peers/peer.ts";
import { cached, fetched, toldToStderr } from "../../../test/support/servers/toolchain/cache.ts";
import { runTool } from "../../../test/support/servers/toolchain/tool.ts";
import { type Contestant, type Destinations, domains, warmUp } from "./contestant.ts";

const version = "3.3.4";
const name = `haraka-${version}`;
const fetchMaxMs = 600_000;
const nodeMin = 20;
const workers = 2;

export const haraka: Contestant = {
  name: "haraka",
  durability: "synced",
  idleMax: 5_000,
  share: 0.5,
  warmUpMessages: warmUp.compiledLate / 2,
  missing,
  version: async () => version,
  async start(destinations, identity) {
    const program = await installed();
    const directory = await peerDirectory("haraka");
    const port = await freePort();
    await cp(join(program, "config"), join(directory, "config"), { recursive: true });
    for (const made of ["plugins", "queue"]) await mkdir(join(directory, made));
    const files = filesOf({ port, destinations, identity });
    for (const [path, text] of Object.entries(files)) await writeFile(join(directory, path), text);
    const peer = await launch({
      directory,
      port,
      // It logs to its output.
      logFile: join(directory, "log"),
      command: ["node", join(program, "bin", "haraka"), "-c", directory],
    });
    const { endpoint, pid, log, stop } = peer;
    return { endpoint, roles: () => ({ haraka: [pid] }), log, stop };
  },
};

async function missing(): Promise<string | undefined> {
  if (Bun.which("node") === null) return "node is not installed";
  if (Bun.which("npm") === null) return "npm is not installed";
  const node = await runTool({ command: ["node", "--version"], timeoutMs: fetchMaxMs });
  const major = Number(/^v([0-9]+)/.exec(node)?.[1] ?? 0);
  if (major < nodeMin) return `it needs node ${nodeMin}`;
  try {
    await installed();
    return undefined;
  } catch (error) {
    return `Cannot install it: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The folder of its package, below one of its own: it is no dependency of ours. */
async function installed(): Promise<string> {
  await fetched({
    name,
    told: toldToStderr,
    async into(folder) {
      await writeFile(join(folder, "package.json"), '{ "private": true }\n');
      const options = ["--no-audit", "--no-fund", "--omit=optional", "--save-exact"];
      const command = ["npm", "install", "--prefix", folder, ...options, `Haraka@${version}`];
      await runTool({ command, timeoutMs: fetchMaxMs });
      // What is not there in the end is not kept.
      await readFile(join(folder, "node_modules", "Haraka", "package.json"));
    },
  });
  return join(cached(name), "node_modules", "Haraka");
}

interface FileOptions {
  readonly port: number;
  readonly destinations: Destinations;
  readonly identity: TlsIdentity | undefined;
}

/** Texts by path. */
function filesOf({ port, destinations, identity }: FileOptions): Record<string, string> {
  return {
    "package.json": '{ "name": "relay", "version": "1.0.0" }\n',
    "plugins/relay.js": pluginText(destinations),
    "config/plugins": identity === undefined ? "relay\n" : "tls\nrelay\n",
    "config/smtp.ini": `listen=127.0.0.1:${port}\nnodes=${workers}\n[headers]\n`,
    "config/outbound.ini":
      "enable_tls=false\nlocal_mx_ok=true\nconcurrency_max=100\ninet_prefer=v4\n",
    "config/log.ini": "[main]\nlevel=NOTICE\n",
    "config/loglevel": "NOTICE\n",
    "config/me": "haraka.example\n",
    "config/host_list": "haraka.example\n",
    "config/databytes": "52428800\n",
    ...(identity === undefined
      ? {}
      : {
          "config/tls.ini": "[main]\nkey=tls_key.pem\ncert=tls_cert.pem\n",
          "config/tls_key.pem": identity.privateKey,
          "config/tls_cert.pem": identity.certificate,
        }),
  };
}

/** Relays for everybody, to one of two places. */
function pluginText({ up, down }: Destinations): string {
  const place = (at: Destinations["up"]) =>
    JSON.stringify({ priority: 0, exchange: at.address, port: at.port });
  return `exports.hook_connect = (next, connection) => { connection.relaying = true; next() }
exports.hook_rcpt = (next) => next(OK)
exports.hook_get_mx = (next, hmail, domain) =>
  next(OK, domain.endsWith(${JSON.stringify(domains.down)}) ? ${place(down)} : ${place(up)})
`;
}
