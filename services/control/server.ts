/** Serves the control API on its port. */
import type { ControlConfig } from "#lib/config/config";
import type { Endpoint } from "#lib/net/transport";
import type { ControlPorts, ControlService } from "#lib/role/control-ports";
import { controlApi } from "./api.ts";
import { operatorsToken } from "./token.ts";

/** A command names a destination or a message: this is plenty. */
const bodyBytesMax = 64 * 1024;
/** Longer than a worker may take to answer. */
const idleSeconds = 30;

export class ControlServer implements ControlService {
  readonly #at: Endpoint;
  readonly #fetch: (request: Request) => Response | Promise<Response>;
  #server: ReturnType<typeof Bun.serve> | undefined;

  /** Reads or makes the operators' token; nothing is served yet. */
  static async open(config: ControlConfig, ports: ControlPorts): Promise<ControlServer> {
    const look = () => operatorsToken(config, { makes: ports.makesToken });
    let known = await look();
    // Another node may make it later than this one starts.
    const token = async () => {
      known ??= await look();
      return known;
    };
    return new ControlServer(config, controlApi({ ...ports, token }).fetch);
  }

  private constructor(at: Endpoint, fetch: (request: Request) => Response | Promise<Response>) {
    this.#at = at;
    this.#fetch = fetch;
  }

  /** Throws with the address when it cannot be had. Returns where it really listens. */
  start(): Endpoint {
    const { address, port } = this.#at;
    try {
      this.#server ??= Bun.serve({
        hostname: address,
        port,
        fetch: this.#fetch,
        maxRequestBodySize: bodyBytesMax,
        idleTimeout: idleSeconds,
      });
    } catch (cause) {
      throw new Error(`Cannot serve the control API on ${address} port ${port}`, { cause });
    }
    return { address, port: this.#server.port ?? port };
  }

  /** Lets running requests finish. */
  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }
}
