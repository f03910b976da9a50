/**
 * The header of the PROXY protocol as the server's side reads it, both versions: whose connection
 * it is that a proxy has handed on (haproxy's proxy-protocol.txt, §2). However it is cut, it is read
 * the same; nothing behind it is looked at.
 */
import ipaddr from "ipaddr.js";
import { plainAddress } from "../own-address.ts";
import type { Endpoint } from "../transport.ts";
import { localCommand, proxyCommand, signature, tcp4, tcp6, textPrefix } from "./proxy-header.ts";

export type ProxyHeaderRead =
  /**
   * `source` is the client's; without it the connection is the proxy's own, or of a kind that it
   * does not tell. `consumed`: of the bytes pushed last.
   */
  | { readonly kind: "read"; readonly source?: Endpoint; readonly consumed: number }
  | { readonly kind: "refused"; readonly why: string };

type Verdict = Omit<Extract<ProxyHeaderRead, { kind: "read" }>, "consumed"> | Refused;
type Refused = Extract<ProxyHeaderRead, { kind: "refused" }>;

/** §2.1: with its CRLF. */
const textMax = 107;
/** §2.2: signature, version, family, length. */
const fixedPart = 16;
const unspecified = 0x00;
const unixStream = 0x31;
const addressLengths = new Map([
  [tcp4, 4],
  [tcp6, 16],
]);

export class ProxyHeaderReader {
  /** What is kept of it; beyond are type-length-values, which nobody here needs. */
  readonly #held = new Uint8Array(textMax);
  #length = 0;

  /** Undefined: more is needed. Not to be called after it has told. */
  push(bytes: Uint8Array): ProxyHeaderRead | undefined {
    for (const [i, octet] of bytes.entries()) {
      if (this.#length < textMax) this.#held[this.#length] = octet;
      this.#length++;
      const verdict = this.#look();
      if (verdict === undefined) continue;
      return verdict.kind === "read" ? { ...verdict, consumed: i + 1 } : verdict;
    }
    return undefined;
  }

  #look(): Verdict | undefined {
    const prefix = this.#held[0] === textPrefix[0] ? textPrefix : signature;
    const last = this.#length - 1;
    if (last < prefix.length) {
      return this.#held[last] === prefix[last] ? undefined : refused("it does not begin like one");
    }
    return prefix === textPrefix ? this.#lookAtText() : this.#lookAtBinary();
  }

  #lookAtText(): Verdict | undefined {
    const seen = this.#held.subarray(0, this.#length);
    if (seen.at(-1) === 10 && seen.at(-2) === 13) return readText(seen.subarray(0, -2));
    return this.#length < textMax ? undefined : refused(`its line exceeds ${textMax} octets`);
  }

  #lookAtBinary(): Verdict | undefined {
    const command = this.#held[12];
    if (command !== proxyCommand && command !== localCommand) {
      return refused("its version or command is unknown");
    }
    if (this.#length < fixedPart) return undefined;
    const view = new DataView(this.#held.buffer);
    const rest = view.getUint16(14);
    if (this.#length < fixedPart + rest) return undefined;
    // §2.2: LOCAL is the proxy itself, whatever else it says.
    return command === localCommand ? { kind: "read" } : this.#readAddresses(view, rest);
  }

  #readAddresses(view: DataView, rest: number): Verdict {
    const family = view.getUint8(13);
    if (family === unspecified || family === unixStream) return { kind: "read" };
    const length = addressLengths.get(family);
    if (length === undefined) return refused("its kind of connection is unknown");
    if (rest < 2 * length + 4) return refused("it is too short for its addresses");
    const address = ipaddr.fromByteArray([...this.#held.subarray(fixedPart, fixedPart + length)]);
    const port = view.getUint16(fixedPart + 2 * length);
    return { kind: "read", source: { address: plainAddress(address.toString()), port } };
  }
}

const textForm = /^PROXY (?:(UNKNOWN)(?: .*)?|(TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5}))$/s;

function readText(line: Uint8Array): Verdict {
  const match = textForm.exec(new TextDecoder("latin1").decode(line));
  if (match === null) return refused("its line has another form");
  const [, unknown, protocol, source = "", destination = "", ...ports] = match;
  if (unknown !== undefined) return { kind: "read" };
  const isAddress = protocol === "TCP4" ? isFour : isSix;
  if (!isAddress(source) || !isAddress(destination)) return refused("an address is wrong");
  if (!ports.every(isPort)) return refused("a port is wrong");
  return { kind: "read", source: { address: plainAddress(source), port: Number(ports[0]) } };
}

function isFour(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

/** No zone: it means something on one machine only. `::192.0.2.1` is long out of use. */
const nowhere = /%|^::\d+\./;

function isSix(text: string): boolean {
  return text.includes(":") && !nowhere.test(text) && ipaddr.IPv6.isValid(text);
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(text) && Number(text) <= 65_535;
}

function refused(why: string): Refused {
  return { kind: "refused", why };
}
