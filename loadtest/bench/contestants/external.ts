/** Any other server, started by a command that the benchmark is given. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, launch, peerDirectory } from "../../../test/peers/peer.ts";
import { type Contestant, type Durability, warmUp } from "./contestant.ts";

export interface ExternalOptions {
  /**
   * For a shell, in the foreground. Its environment says what it is to do: listen on
   * 127.0.0.1:$PORT, relay all to 127.0.0.1:$SINK, but `down.example` and all below it to
   * 127.0.0.1:$DOWN; keep its files in $FOLDER; with $TLS_CERTIFICATE and $TLS_KEY (files) offer
   * STARTTLS.
   */
  readonly command: string;
  readonly durability: Durability;
}

const idleMax = 500;

export function external({ command, durability }: ExternalOptions): Contestant {
  return {
    name: "external",
    durability,
    idleMax,
    share: 1,
    warmUpMessages: warmUp.compiled,
    missing: async () => undefined,
    version: async () => command,
    async start({ up, down }, identity) {
      const directory = await peerDirectory("external");
      const port = await freePort();
      const environment = [`PORT=${port}`, `SINK=${up.port}`, `DOWN=${down.port}`];
      if (identity !== undefined) {
        const [certificate, key] = [join(directory, "tls.pem"), join(directory, "tls.key")];
        await writeFile(certificate, identity.certificate);
        await writeFile(key, identity.privateKey);
        environment.push(`TLS_CERTIFICATE=${certificate}`, `TLS_KEY=${key}`);
      }
      const { endpoint, pid, log, stop } = await launch({
        directory,
        port,
        logFile: join(directory, "log"),
        command: ["env", `FOLDER=${directory}`, ...environment, "sh", "-c", command],
      });
      return { endpoint, roles: () => ({ external: [pid] }), log, stop };
    },
  };
}
