/**
 * A connection on one of the runtime's sockets.
 *
 * clear → handshake → tls; data is handed out in clear and tls only.
 * These sockets take what the kernel takes and keep nothing: the rest of a write waits here for
 * `drain`.
 */
import type { PeerCertificate } from "node:tls";
import type { Socket, SocketHandler, TLSOptions } from "bun";
import { assert } from "../assert.ts";
import type { Deadlines, HasDeadline } from "../deadlines.ts";
import type { Connection, ConnectionHandler, Endpoint, TlsIdentity, TlsInfo } from "./transport.ts";

export type BunSocket = Socket<BunConnection | undefined>;

/** What all connections of a transport share. */
export interface Shared {
  readonly deadlines: Deadlines;
  readonly monotonic: () => number;
  /** PEM, instead of the system's. */
  readonly authorities: string | undefined;
}

/** A peer that never closes after us must not keep the socket for ever. */
const lingerMs = 30_000;

interface Handshake {
  readonly isServer: boolean;
  readonly tls: TLSOptions;
  /** Of the peer's part, what was read already. */
  readonly begun: Uint8Array | undefined;
  readonly resolve: (info: TlsInfo) => void;
  readonly reject: (error: Error) => void;
  /** Written meanwhile: to be sent under TLS. */
  readonly early: Uint8Array[];
}

export class BunConnection implements Connection, HasDeadline {
  deadline = Number.POSITIVE_INFINITY;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #shared: Shared;
  #socket: BunSocket;
  #handler: ConnectionHandler | undefined;
  #unsent: Uint8Array[] | undefined;
  #unsentBytes = 0;
  /** Handed to us although the owner has paused: some of a TLS record may still come. */
  #unread: Uint8Array[] | undefined;
  #handshake: Handshake | undefined;
  #isTls = false;
  #isPaused = false;
  #hasEnded = false;
  #hasPeerEnded = false;
  #isEndTold = false;
  #isClosed = false;
  #error: Error | undefined;

  constructor(socket: BunSocket, shared: Shared, remote: Endpoint) {
    this.#socket = socket;
    this.#shared = shared;
    this.local = endpoint(socket.localAddress, socket.localPort);
    this.remote = remote;
  }

  /** Called in the same turn as the socket opened, so that nothing can have arrived. */
  attach(accept: (connection: Connection) => ConnectionHandler): void {
    try {
      this.#handler = accept(this);
    } catch (error) {
      this.fail(error);
    }
    if (this.#isClosed) this.#tellClosed();
  }

  write(bytes: Uint8Array): number {
    if (this.#isClosed || this.#hasEnded || bytes.length === 0) return this.#unsentBytes;
    if (this.#handshake !== undefined) this.#keep(this.#handshake.early, bytes);
    else if (this.#unsent !== undefined) this.#keep(this.#unsent, bytes);
    else {
      const taken = Math.max(0, this.#socket.write(bytes));
      if (taken < bytes.length) {
        this.#unsent = [];
        this.#keep(this.#unsent, bytes.subarray(taken));
      }
    }
    return this.#unsentBytes;
  }

  pause(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    // A handshake goes on: it is not the owner's data.
    if (this.#handshake === undefined) this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    if (this.#unread === undefined && !this.#hasPeerEnded) this.#socket.resume();
    // Not within the owner's call, which may be `data` itself.
    else queueMicrotask(() => this.#handOutUnread());
  }

  serveTls(identity: TlsIdentity, begun?: Uint8Array): Promise<TlsInfo> {
    const { certificate, privateKey } = identity;
    return this.#shakeHands(true, { cert: certificate, key: privateKey }, begun?.slice());
  }

  startTls(serverName: string): Promise<TlsInfo> {
    const { authorities } = this.#shared;
    const ca = authorities === undefined ? {} : { ca: authorities };
    return this.#shakeHands(false, { serverName, rejectUnauthorized: false, ...ca });
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#unsent === undefined && this.#handshake === undefined) this.#shutdown();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#close();
    this.#socket.terminate();
  }

  expired(): void {
    this.destroy();
  }

  /** Something threw in our own code: the owner's, or the runtime's on our behalf. */
  fail(cause: unknown): void {
    if (this.#isClosed) return;
    this.#error = new Error("Cannot go on with the connection: its owner failed", { cause });
    this.destroy();
  }

  socketData(socket: BunSocket, bytes: Uint8Array): void {
    // Under TLS the socket below goes on telling: ciphertext must never reach the owner.
    if (socket !== this.#socket || this.#isClosed) return;
    if (this.#handshake !== undefined) this.#failHandshake("the peer sent something else");
    else if (this.#isPaused || this.#unread !== undefined) {
      this.#unread ??= [];
      this.#unread.push(bytes.slice());
    } else this.#handler?.data(bytes);
  }

  socketDrain(socket: BunSocket): void {
    if (socket !== this.#socket || this.#isClosed || this.#unsent === undefined) return;
    if (!this.#flush(this.#unsent)) return;
    this.#unsent = undefined;
    if (this.#handshake !== undefined) this.#upgrade(this.#handshake);
    else if (this.#hasEnded) this.#shutdown();
    else this.#handler?.drained?.();
  }

  socketEnd(socket: BunSocket): void {
    if (socket !== this.#socket || this.#isClosed) return;
    this.#hasPeerEnded = true;
    if (this.#handshake !== undefined) this.#failHandshake("the peer closed the connection");
    else if (!this.#isPaused && this.#unread === undefined) this.#tellEnded();
  }

  socketClose(error: Error | undefined): void {
    this.#error ??= error;
    this.#close();
  }

  socketHandshake(socket: BunSocket, isDone: boolean, problem: Error | null): void {
    const handshake = this.#handshake;
    if (socket !== this.#socket || handshake === undefined) return;
    if (!isDone && !isUnverifiedOnly(socket, problem)) {
      this.#failHandshake(problem?.message ?? "the handshake failed");
      return;
    }
    this.#handshake = undefined;
    this.#isTls = true;
    if (this.#isPaused) socket.pause();
    handshake.resolve(tlsInfo(socket, handshake.isServer, problem));
    if (handshake.early.length > 0) {
      this.#unsent = handshake.early;
      this.socketDrain(socket);
    } else if (this.#hasEnded) this.#shutdown();
  }

  #keep(where: Uint8Array[], bytes: Uint8Array): void {
    // Not slice(), which of a Buffer is no copy.
    where.push(new Uint8Array(bytes));
    this.#unsentBytes += bytes.length;
  }

  /** Whether all is gone. */
  #flush(pieces: Uint8Array[]): boolean {
    let sent = 0;
    for (const piece of pieces) {
      const taken = Math.max(0, this.#socket.write(piece));
      this.#unsentBytes -= taken;
      if (taken < piece.length) {
        pieces.splice(0, sent + 1, piece.subarray(taken));
        return false;
      }
      sent++;
    }
    return true;
  }

  #shutdown(): void {
    if (this.#hasPeerEnded) {
      this.#socket.end();
      return;
    }
    this.#socket.shutdown();
    this.deadline = this.#shared.monotonic() + lingerMs;
    this.#shared.deadlines.watch(this);
  }

  #handOutUnread(): void {
    try {
      while (this.#unread !== undefined && !this.#isPaused && !this.#isClosed) {
        const piece = this.#unread.shift();
        if (piece === undefined) this.#unread = undefined;
        else this.#handler?.data(piece);
      }
      if (this.#isPaused || this.#isClosed) return;
      if (this.#hasPeerEnded) this.#tellEnded();
      else this.#socket.resume();
    } catch (error) {
      this.fail(error);
    }
  }

  #tellEnded(): void {
    if (this.#isEndTold) return;
    this.#isEndTold = true;
    // After our own end only the close is of interest, and it follows.
    if (this.#hasEnded) {
      if (this.#unsent === undefined) this.#socket.end();
    } else if (this.#handler?.ended) this.#handler.ended();
    else this.end();
  }

  #shakeHands(isServer: boolean, tls: TLSOptions, begun?: Uint8Array): Promise<TlsInfo> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error("Cannot start TLS: the connection is closed"));
        return;
      }
      assert(this.#handshake === undefined && !this.#isTls, "TLS starts once");
      this.#handshake = { isServer, tls, begun, resolve, reject, early: [] };
      if (this.#isPaused) this.#socket.resume();
      // What was written before goes in clear.
      if (this.#unsent === undefined) this.#upgrade(this.#handshake);
    });
  }

  #upgrade(handshake: Handshake): void {
    try {
      const { isServer, tls: options, begun } = handshake;
      const initial = begun === undefined || begun.length === 0 ? {} : { initialData: begun };
      const upgrade = { tls: options, data: this, socket: socketHandlers, isServer, ...initial };
      const [, tls] = this.#socket.upgradeTLS<BunConnection | undefined>(upgrade);
      this.#socket = tls;
    } catch (error) {
      this.#failHandshake(error instanceof Error ? error.message : String(error));
    }
  }

  #failHandshake(why: string): void {
    this.#error = new Error(`Cannot start TLS: ${why}`);
    this.destroy();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsent = undefined;
    this.#unread = undefined;
    this.#unsentBytes = 0;
    if (this.deadline !== Number.POSITIVE_INFINITY) this.#shared.deadlines.forget(this);
    const handshake = this.#handshake;
    this.#handshake = undefined;
    handshake?.reject(this.#error ?? new Error("Cannot start TLS: the connection is closed"));
    if (this.#handler) this.#tellClosed();
  }

  /** Later: whoever calls destroy() is not called back within. */
  #tellClosed(): void {
    queueMicrotask(() => this.#handler?.closed(this.#error));
  }
}

/** One object for all sockets. */
export const socketHandlers: SocketHandler<BunConnection | undefined> = {
  data: (socket, bytes) => socket.data?.socketData(socket, bytes),
  drain: (socket) => socket.data?.socketDrain(socket),
  end: (socket) => socket.data?.socketEnd(socket),
  close: (socket, error) => socket.data?.socketClose(error),
  error: (socket, error) => socket.data?.fail(error),
  handshake: (socket, isDone, problem) => socket.data?.socketHandshake(socket, isDone, problem),
};

const peerNameMax = 255;

/** The system's words (EPROTO, ECONNRESET); what is wrong with a certificate has longer ones. */
const systemCode = /^E[A-Z]+$/;

/** The runtime calls a handshake failed that was completed with a certificate for another name. */
function isUnverifiedOnly(socket: BunSocket, problem: Error | null): boolean {
  const code = codeOf(problem);
  const hasCipher = (socket.getCipher()?.name ?? null) !== null;
  return hasCipher && code !== undefined && !systemCode.test(code);
}

function tlsInfo(socket: BunSocket, isServer: boolean, problem: Error | null): TlsInfo {
  const info = {
    protocol: socket.getTLSVersion(),
    cipher: socket.getCipher().name,
    isVerified: !isServer && socket.authorized && !problem,
  };
  const peer = isServer ? undefined : nameIn(socket.getPeerCertificate());
  return {
    ...info,
    ...(peer === undefined ? {} : { peer }),
    ...(isServer || !problem ? {} : { verifyError: problem.message }),
  };
}

/** The common name, or the first of the others where there is none, as it is by now. */
function nameIn(certificate: Partial<PeerCertificate> | undefined): string | undefined {
  const [name] = [certificate?.subject?.CN].flat();
  const other = certificate?.subjectaltname?.split(", ")[0]?.replace(/^DNS:/, "");
  return (name || other || undefined)?.slice(0, peerNameMax);
}

/** "EADDRINUSE" and the like, where the runtime gives one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const mappedPrefix = "::ffff:";

/**
 * An IPv4 peer of an IPv6 socket is an IPv4 peer. The system forgets addresses of a reset socket.
 */
function endpoint(address: string | undefined, port: number | undefined): Endpoint {
  const isMapped = address?.startsWith(mappedPrefix) === true && address.includes(".");
  const plain = isMapped ? address.slice(mappedPrefix.length) : address;
  return { address: plain ?? "", port: port ?? 0 };
}

/** Undefined when the peer has reset the connection before we looked. */
export function remoteOf(socket: BunSocket): Endpoint | undefined {
  const remote = endpoint(socket.remoteAddress, socket.remotePort);
  return remote.address === "" ? undefined : remote;
}
