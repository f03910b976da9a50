/** A proxy's header: however it is cut it is read the same, and nothing behind it is touched. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Networks } from "#lib/net/networks";
import { likeHeader, proxyHeader } from "#lib/net/proxy/proxy-header";
import { type ProxyHeaderRead, ProxyHeaderReader } from "#lib/net/proxy/proxy-header-reader";
import { binaryHeader } from "../support/edge/binary-header.ts";
import { fuzzing } from "../support/fuzz.ts";

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const bytes = fc.uint8Array({ maxLength: 60 });
const port = fc.integer({ min: 0, max: 65_535 });
const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 30 });

/** Headers of both versions, whole, wrong and nearly right. */
const header = fc.oneof(
  fc
    .record({
      command: fc.constantFrom(0x21, 0x20, 0x22, 0x11),
      family: fc.constantFrom(0x11, 0x21, 0, 0x12, 0x31, 0x99),
      addresses: fc.uint8Array({ maxLength: 40 }).map((octets) => [...octets]),
      rest: bytes.map((octets) => [...octets]),
    })
    .map(binaryHeader),
  fc
    .array(
      fc.oneof(
        fc.constantFrom("PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "192.0.2.1 ", "2001:db8::1 ", "25"),
        fc.constantFrom(" ", "0 ", "65535 ", "\r\n", "\r", "\n", "x".repeat(100)),
      ),
      { maxLength: 12 },
    )
    .map((pieces) => latin1(pieces.join(""))),
  bytes,
);

interface Told {
  readonly read: ProxyHeaderRead | undefined;
  /** Behind the header, when it was read. */
  readonly behind: number;
}

function readCut(all: Uint8Array, sizes: readonly number[]): Told {
  const reader = new ProxyHeaderReader();
  for (let at = 0, i = 0; at < all.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)] ?? 1;
    const piece = all.slice(at, at + size);
    const read = reader.push(piece);
    // The owner of the bytes uses them again.
    piece.fill(0x20);
    if (read !== undefined) {
      const consumed = read.kind === "read" ? read.consumed : 0;
      const told = read.kind === "read" ? { ...read, consumed: 0 } : read;
      return { read: told, behind: all.length - at - consumed };
    }
    at += size;
  }
  return { read: undefined, behind: 0 };
}

describe("ProxyHeaderReader", () => {
  test("reads the same at any segmentation", () => {
    fc.assert(
      fc.property(header, bytes, lengths, (begin, behind, sizes) => {
        const all = Uint8Array.from([...begin, ...behind]);
        const whole = readCut(all, [all.length || 1]);
        const cut = readCut(all, sizes);
        expect(cut.read).toEqual(whole.read);
        if (whole.read?.kind === "read") expect(cut.behind).toBe(whole.behind);
      }),
      fuzzing(),
    );
  });

  test("reads what our own side writes, and stops there", () => {
    const four = fc.ipV4().map((address) => [address, "198.51.100.2"] as const);
    const six = fc.uint16Array({ minLength: 8, maxLength: 8 }).map((groups) => {
      return [[...groups].map((group) => group.toString(16)).join(":"), "2001:db8::1"] as const;
    });
    fc.assert(
      fc.property(fc.oneof(four, six), port, bytes, ([address, target], from, behind) => {
        const written = proxyHeader({ address, port: from }, { address: target, port: 25 });
        const read = new ProxyHeaderReader().push(Uint8Array.from([...written, ...behind]));
        expect(read).toMatchObject({ kind: "read", consumed: written.length });
        const source = read?.kind === "read" ? read.source : undefined;
        expect(source?.port).toBe(from);
        const bits = address.includes(":") ? 128 : 32;
        expect(new Networks([`${address}/${bits}`]).has(source?.address ?? "")).toBe(true);
      }),
      fuzzing(),
    );
  });

  test("whatever it reads is like a header, and no longer than one may be", () => {
    fc.assert(
      fc.property(header, (begin) => {
        const read = new ProxyHeaderReader().push(begin);
        if (read?.kind !== "read") return;
        expect(likeHeader(begin)).toBe("yes");
        expect(read.consumed).toBeLessThanOrEqual(begin[0] === 0x50 ? 107 : 65_551);
      }),
      fuzzing(),
    );
  });
});
