/** Asks the API server: what is looked at again and again costs no process each time. */
import { readFile } from "node:fs/promises";
import { apiPort, controlAddress } from "./network.ts";

export interface Credentials {
  readonly token: string;
  /** The file of the server's own certificate. */
  readonly certificate: string;
}

const askMaxMs = 10_000;

export class ApiServer {
  readonly #credentials: Credentials;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** @throws when it does not answer, or not with yes */
  async get(path: string): Promise<unknown> {
    return await (await this.#ask(path)).json();
  }

  async isReady(): Promise<boolean> {
    return (await this.#ask("/readyz")).ok;
  }

  async #ask(path: string): Promise<Response> {
    const { token, certificate } = this.#credentials;
    const ca = await readFile(certificate, "utf8");
    const response = await fetch(`https://${controlAddress}:${apiPort}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(askMaxMs),
      tls: { ca },
    });
    if (!response.ok) throw new Error(`${path} got ${response.status}: ${await response.text()}`);
    return response;
  }
}
