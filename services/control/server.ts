/** Serves the control API on its port. */
import { controlApi } from "./api.ts";
import type { ControlPorts } from "./ports.ts";

export interface ControlAddress {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
}

/** A command names a destination or a message: this is plenty. */
const bodyBytesMax = 64 * 1024;
/** Longer than a worker may take to answer. */
const idleSeconds = 30;

export class ControlServer {
  readonly #at: ControlAddress;
  readonly #ports: ControlPorts;
  #server: ReturnType<typeof Bun.serve> | undefined;

  constructor(at: ControlAddress, ports: ControlPorts) {
    this.#at = at;
    this.#ports = ports;
  }

  /** Throws with the address when it cannot be had. Returns where it really listens. */
  start(): ControlAddress {
    const { address, port } = this.#at;
    try {
      this.#server ??= Bun.serve({
        hostname: address,
        port,
        fetch: controlApi(this.#ports).fetch,
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
