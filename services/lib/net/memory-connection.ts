/** One end of a connection in memory: what it sends arrives at the other end later, in order. */

import { assert } from "../assert.ts";
import type { Clock } from "../clock.ts";
import type { Connection, ConnectionHandler, Endpoint, TlsIdentity, TlsInfo } from "./transport.ts";

/** What the simulated network takes before a writer has to wait. */
const windowBytes = 256 * 1024;

/** How a TLS handshake looks to who does not expect one. */
const helloBytes = Uint8Array.of(22, 3, 1, 0, 0);

type Segment =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "clientHello"; readonly serverName: string }
  | { readonly kind: "serverHello"; readonly certificate: string }
  | { readonly kind: "end" }
  | { readonly kind: "reset" };

/** Who waits for which hello. */
interface Handshake {
  readonly awaits: "clientHello" | "serverHello";
  readonly done: (hello: Segment) => TlsInfo;
  readonly resolve: (info: TlsInfo) => void;
  readonly reject: (error: Error) => void;
}

/** What an end needs to know of the network it is on. */
export interface Wire {
  readonly clock: Clock;
  latencyMs(from: string, to: string): number;
  /** Nothing gets through between the two for now. */
  isCut(from: string, to: string): boolean;
  gone(connection: MemoryConnection): void;
}

/** An identity that a client on the memory network verifies, when it asks for `name`. */
export function fakeIdentity(name: string): TlsIdentity {
  return { certificate: certificateOf(name), privateKey: "fake" };
}

const certificateOf = (name: string) => `fake certificate for ${name}`;

export class MemoryConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #wire: Wire;
  #peer: MemoryConnection | undefined;
  #handler: ConnectionHandler | undefined;
  /** Arrived, not handed out. */
  readonly #arrived: Segment[] = [];
  /** Sent by us, not handed out at the other end. */
  #unreadBytes = 0;
  #isBackedUp = false;
  #lastArrivalAt = 0;
  #isPaused = false;
  #isPumping = false;
  #isTellingTls = false;
  #hasEnded = false;
  #hasPeerEnded = false;
  #isClosed = false;
  #handshake: Handshake | undefined;

  constructor(wire: Wire, local: Endpoint, remote: Endpoint) {
    this.#wire = wire;
    this.local = local;
    this.remote = remote;
  }

  /** Both ends know each other before anything is sent. */
  static join(a: MemoryConnection, b: MemoryConnection): void {
    a.#peer = b;
    b.#peer = a;
  }

  /** From here on what arrives is handed out. */
  attach(handler: ConnectionHandler): void {
    assert(this.#handler === undefined, "a connection has one owner");
    this.#handler = handler;
    if (this.#isClosed) this.#tellClosed(undefined);
    else this.pump();
  }

  write(bytes: Uint8Array): number {
    if (this.#isClosed || this.#hasEnded || bytes.length === 0) return this.#unsentBytes();
    this.#unreadBytes += bytes.length;
    // Not slice(), which of a Buffer is no copy.
    this.#send({ kind: "data", bytes: new Uint8Array(bytes) });
    const unsent = this.#unsentBytes();
    if (unsent > 0) this.#isBackedUp = true;
    return unsent;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // Not within the caller's call: a real socket does not either.
    this.#wire.clock.after(0, () => this.pump());
  }

  /** A hello is no octets here, so that octets before it are no beginning of a handshake. */
  serveTls(identity: TlsIdentity, begun?: Uint8Array): Promise<TlsInfo> {
    const shaking = this.#shakeHands("clientHello", () => {
      this.#send({ kind: "serverHello", certificate: identity.certificate });
      return { ...tls, isVerified: false };
    });
    if (begun !== undefined && begun.length > 0) this.#failHandshake(somethingElse());
    return shaking;
  }

  startTls(serverName: string): Promise<TlsInfo> {
    if (!this.#isClosed) this.#send({ kind: "clientHello", serverName });
    return this.#shakeHands("serverHello", (hello) => {
      const given = hello.kind === "serverHello" ? hello.certificate : "";
      const isVerified = given === fakeIdentity(serverName).certificate;
      const peer = given.slice(certificateOf("").length);
      return { ...tls, peer, isVerified, ...(isVerified ? {} : { verifyError: "another name" }) };
    });
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#send({ kind: "end" });
    if (this.#hasPeerEnded) this.#wire.clock.after(0, () => this.#close(undefined));
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#send({ kind: "reset" });
    this.#close(undefined);
  }

  /** The network or the other host broke it. */
  break(error: Error): void {
    this.#close(error);
  }

  /** Hands out what has arrived, as far as the owner and the network let it. */
  pump(): void {
    if (this.#isPumping || this.#handler === undefined) return;
    this.#isPumping = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) this.#take(next);
    } catch (error) {
      // An owner that throws loses its connection; the network goes on.
      this.destroyFor(error);
    } finally {
      this.#isPumping = false;
    }
  }

  destroyFor(cause: unknown): void {
    if (this.#isClosed) return;
    this.#send({ kind: "reset" });
    this.#close(new Error("Cannot go on with the connection: its owner failed", { cause }));
  }

  #next(): Segment | undefined {
    if (this.#isClosed || this.#isTellingTls) return;
    if (this.#wire.isCut(this.remote.address, this.local.address)) return;
    const head = this.#arrived[0];
    const waits = head?.kind === "data" || head?.kind === "end";
    if (this.#isPaused && waits && this.#handshake === undefined) return;
    return this.#arrived.shift();
  }

  #take(segment: Segment): void {
    switch (segment.kind) {
      case "reset":
        this.#close(new Error("ECONNRESET: connection reset by peer"));
        return;
      case "end":
        this.#takeEnd();
        return;
      case "data":
        this.#takeData(segment.bytes);
        return;
      case "clientHello":
      case "serverHello":
        this.#takeHello(segment);
        return;
    }
  }

  #takeData(bytes: Uint8Array): void {
    if (this.#peer !== undefined) this.#peer.#wasRead(bytes.length);
    if (this.#handshake === undefined) this.#handler?.data(bytes);
    else this.#failHandshake(somethingElse());
  }

  #takeEnd(): void {
    this.#hasPeerEnded = true;
    if (this.#handshake) {
      this.#failHandshake(new Error("Cannot start TLS: the peer closed the connection"));
      return;
    }
    // After our own end only the close is of interest.
    if (this.#hasEnded) this.#close(undefined);
    else if (this.#handler?.ended) this.#handler.ended();
    else this.end();
  }

  #takeHello(hello: Segment): void {
    const handshake = this.#handshake;
    if (handshake === undefined) {
      this.#handler?.data(helloBytes.slice());
      return;
    }
    if (handshake.awaits !== hello.kind) {
      this.#failHandshake(new Error("Cannot start TLS: both sides are client or both are server"));
      return;
    }
    this.#handshake = undefined;
    handshake.resolve(handshake.done(hello));
    // Who awaits the handshake is told before the data behind it.
    this.#isTellingTls = true;
    this.#wire.clock.after(0, () => {
      this.#isTellingTls = false;
      this.pump();
    });
  }

  #shakeHands(awaits: Handshake["awaits"], done: Handshake["done"]): Promise<TlsInfo> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error("Cannot start TLS: the connection is closed"));
        return;
      }
      assert(this.#handshake === undefined, "one handshake at a time");
      this.#handshake = { awaits, done, resolve, reject };
      // What arrived while the owner was paused is still there.
      this.#wire.clock.after(0, () => this.pump());
    });
  }

  #failHandshake(error: Error): void {
    if (this.#isClosed) return;
    this.#send({ kind: "reset" });
    this.#close(error);
  }

  #send(segment: Segment): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const { clock } = this.#wire;
    const latency = this.#wire.latencyMs(this.local.address, this.remote.address);
    // A latency that shrinks must not let a later segment overtake.
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, clock.monotonic() + latency);
    clock.after(this.#lastArrivalAt - clock.monotonic(), () => {
      peer.#arrived.push(segment);
      if (segment.kind === "reset") peer.#dropUnread();
      peer.pump();
    });
  }

  /** A reset is not read in turn: it takes what nobody has read with it. */
  #dropUnread(): void {
    if (this.#isPaused) this.#arrived.splice(0, this.#arrived.length - 1);
  }

  #wasRead(bytes: number): void {
    this.#unreadBytes -= bytes;
    if (!this.#isBackedUp || this.#unsentBytes() > 0) return;
    this.#isBackedUp = false;
    const { clock } = this.#wire;
    clock.after(this.#wire.latencyMs(this.remote.address, this.local.address), () => {
      if (!this.#isClosed && this.#unsentBytes() === 0) this.#handler?.drained?.();
    });
  }

  #unsentBytes(): number {
    return Math.max(0, this.#unreadBytes - windowBytes);
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#arrived.length = 0;
    this.#wire.gone(this);
    const handshake = this.#handshake;
    this.#handshake = undefined;
    handshake?.reject(error ?? new Error("Cannot start TLS: the connection is closed"));
    if (this.#handler) this.#tellClosed(error);
  }

  /** Later: whoever calls destroy() is not called back within. */
  #tellClosed(error: Error | undefined): void {
    const handler = this.#handler;
    queueMicrotask(() => handler?.closed(error));
  }
}

function somethingElse(): Error {
  return new Error("Cannot start TLS: the peer sent something else");
}

const tls = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" } as const;
