/** The client's side of SOCKS 5 (RFC 1928, RFC 1929), over bytes: pure. */
import { assert } from "../../assert.ts";
import { addressBytes } from "../proxy/address-bytes.ts";
import type { Endpoint } from "../transport.ts";

export interface SocksLogin {
  readonly user: string;
  readonly password: string;
}

export type SocksStep =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** `rest` came behind the answer: it is the host's. */
  | { readonly kind: "open"; readonly rest: Uint8Array }
  /** `isProxy`: the proxy's own fault; else that of the way to the host. */
  | { readonly kind: "failed"; readonly reason: string; readonly isProxy: boolean };

const version = 5;
const noLogin = 0;
const byLogin = 2;
/** RFC 1928 §6. */
const replies: ReadonlyMap<number, { readonly reason: string; readonly isProxy: boolean }> =
  new Map([
    [1, { reason: "the SOCKS server failed", isProxy: true }],
    [2, { reason: "the SOCKS server does not allow it", isProxy: true }],
    [3, { reason: "network is unreachable", isProxy: false }],
    [4, { reason: "no route to host", isProxy: false }],
    [5, { reason: "connection refused", isProxy: false }],
    [6, { reason: "connection timed out", isProxy: false }],
    [7, { reason: "the SOCKS server knows no CONNECT", isProxy: true }],
    [8, { reason: "the SOCKS server does not know this kind of address", isProxy: true }],
  ]);

export class SocksHandshake {
  readonly #to: Endpoint;
  readonly #login: SocksLogin | undefined;
  #awaited: "method" | "login" | "connect" = "method";
  #received: Uint8Array = new Uint8Array();

  constructor(to: Endpoint, login: SocksLogin | undefined) {
    this.#to = to;
    this.#login = login;
  }

  start(): SocksStep {
    const methods = this.#login === undefined ? [noLogin] : [noLogin, byLogin];
    return send([version, methods.length, ...methods]);
  }

  /** Undefined: more must come. */
  receive(bytes: Uint8Array): SocksStep | undefined {
    this.#received = Buffer.concat([this.#received, bytes]);
    switch (this.#awaited) {
      case "method":
        return this.#method();
      case "login":
        return this.#loggedIn();
      case "connect":
        return this.#connected();
    }
  }

  #method(): SocksStep | undefined {
    const answer = this.#take(2);
    if (answer === undefined) return undefined;
    if (answer[0] !== version) return ofProxy("it is no SOCKS 5 server");
    if (answer[1] === noLogin) return this.#connect();
    if (answer[1] !== byLogin || this.#login === undefined) {
      return ofProxy("the SOCKS server wants another way to log in");
    }
    this.#awaited = "login";
    const user = Buffer.from(this.#login.user);
    const password = Buffer.from(this.#login.password);
    // RFC 1929 §2: version 1 of this negotiation.
    return send([1, user.length, ...user, password.length, ...password]);
  }

  #loggedIn(): SocksStep | undefined {
    const answer = this.#take(2);
    if (answer === undefined) return undefined;
    return answer[1] === 0 ? this.#connect() : ofProxy("the SOCKS server refused user or password");
  }

  #connect(): SocksStep {
    this.#awaited = "connect";
    const { address, port } = this.#to;
    const bytes = addressBytes(address);
    const kind = bytes.length === 4 ? 1 : 4;
    return send([version, 1, 0, kind, ...bytes, port >> 8, port & 0xff]);
  }

  #connected(): SocksStep | undefined {
    const [first, code = 0, , kind] = this.#received;
    if (this.#received.length < 5) return undefined;
    if (first !== version) return ofProxy("it is no SOCKS 5 server");
    if (code !== 0) {
      const known = replies.get(code) ?? {
        reason: `the SOCKS server answered ${code}`,
        isProxy: true,
      };
      return { kind: "failed", ...known };
    }
    const bound = kind === 1 ? 4 : kind === 4 ? 16 : 1 + (this.#received[4] ?? 0);
    if (this.#take(4 + bound + 2) === undefined) return undefined;
    return { kind: "open", rest: this.#received };
  }

  #take(length: number): Uint8Array | undefined {
    if (this.#received.length < length) return undefined;
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    assert(taken.length === length, "it is there");
    return taken;
  }
}

function send(bytes: readonly number[]): SocksStep {
  return { kind: "send", bytes: Uint8Array.from(bytes) };
}

function ofProxy(reason: string): SocksStep {
  return { kind: "failed", reason, isProxy: true };
}
