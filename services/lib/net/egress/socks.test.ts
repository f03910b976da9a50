import { describe, expect, test } from "bun:test";
import { SocksHandshake, type SocksStep } from "./socks.ts";

const to = { address: "198.51.100.2", port: 25 };
const hex = (step: SocksStep | undefined) =>
  step?.kind === "send" ? Buffer.from(step.bytes).toString("hex") : step;
const bytes = (text: string) => Buffer.from(text, "hex");

/** Byte by byte: the last step that came. */
function received(handshake: SocksHandshake, text: string): SocksStep | undefined {
  let last: SocksStep | undefined;
  for (const byte of bytes(text)) last = handshake.receive(Uint8Array.of(byte)) ?? last;
  return last;
}

describe("SOCKS 5", () => {
  test("without a login: method, CONNECT, open", () => {
    const handshake = new SocksHandshake(to, undefined);
    expect(hex(handshake.start())).toBe("050100");
    expect(hex(received(handshake, "0500"))).toBe("05010001c63364020019");
    expect(received(handshake, "05000001000000000000")).toMatchObject({ kind: "open" });
  });

  test("what comes behind the answer is the host's", () => {
    const handshake = new SocksHandshake(to, undefined);
    handshake.start();
    handshake.receive(bytes("0500"));
    const step = handshake.receive(bytes("0500000300" + "0000" + "323230"));
    expect(step).toEqual({ kind: "open", rest: Buffer.from("220") });
  });

  test("with a login (RFC 1929), and an IPv6 host", () => {
    const handshake = new SocksHandshake(
      { address: "2001:db8::1", port: 587 },
      { user: "u", password: "pw" },
    );
    expect(hex(handshake.start())).toBe("05020002");
    expect(hex(received(handshake, "0502"))).toBe("01017502" + "7077");
    expect(hex(received(handshake, "0100"))).toBe(
      "05010004" + "20010db8000000000000000000000001" + "024b",
    );
  });

  test.each([
    ["05ff", "another way to log in", true],
    ["0502", "another way to log in", true],
    ["3232", "no SOCKS 5 server", true],
  ])("answer %s to the methods: %s", (answer, reason, isProxy) => {
    const handshake = new SocksHandshake(to, undefined);
    handshake.start();
    const step = received(handshake, answer);
    expect(step).toMatchObject({ kind: "failed", isProxy });
    expect(step?.kind === "failed" && step.reason).toContain(reason);
  });

  test("a login that is refused", () => {
    const handshake = new SocksHandshake(to, { user: "u", password: "pw" });
    handshake.start();
    received(handshake, "0502");
    expect(received(handshake, "0101")).toMatchObject({ kind: "failed", isProxy: true });
  });

  test.each([
    ["05", "connection refused", false],
    ["04", "no route to host", false],
    ["01", "the SOCKS server failed", true],
    ["02", "the SOCKS server does not allow it", true],
    ["5a", "the SOCKS server answered 90", true],
  ])("reply %s to CONNECT is %s", (code, reason, isProxy) => {
    const handshake = new SocksHandshake(to, undefined);
    handshake.start();
    received(handshake, "0500");
    const step = received(handshake, `05${code}0001000000000000`);
    expect(step).toEqual({ kind: "failed", reason, isProxy });
  });
});
