import { describe, expect, test } from "bun:test";
import { ContentMaker, isIntact, withoutTransparency, withTransparency } from "./content.ts";

const run = "0123abcd";
const n = 100_003;
const content = Buffer.from(new ContentMaker({ sizeBytes: 4_096, run }).content(n));

describe("ContentMaker", () => {
  test.each([1_024, 4_096, 4_097, 4_098, 50_000, 300_000])(
    "makes %d octets of CRLF lines",
    (size) => {
      const made = new ContentMaker({ sizeBytes: size, run }).content(n);
      expect(made.length).toBe(size);
      expect(made.toString("latin1").replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
      expect(made.subarray(-2).toString()).toBe("\r\n");
    },
  );

  test("makes the smallest whole message for a size that is too small", () => {
    expect(isIntact(new ContentMaker({ sizeBytes: 0, run }).content(n))).toBe(true);
  });

  test("puts lines that begin with a dot into the body, and doubles the dot on the wire", () => {
    const all = Array.from({ length: 16 }, (_, i) => 100_000 + i);
    const maker = new ContentMaker({ sizeBytes: 4_096, run });
    expect(all.some((it) => maker.content(it).includes("\r\n."))).toBe(true);
    for (const it of all) {
      const wire = maker.mailData(it);
      expect(wire.subarray(-5).toString()).toBe("\r\n.\r\n");
      expect(wire.indexOf("\r\n.\r\n")).toBe(wire.length - 5);
      expect(withoutTransparency(wire.subarray(0, -3))).toEqual(maker.content(it));
    }
  });

  test("for BDAT it stands as it is behind its size", () => {
    const maker = new ContentMaker({ sizeBytes: 1_024, run, above: "X-Above: yes\r\n" });
    for (const it of [7, 12, 99_999, 100_000]) {
      const wire = maker.mailData(it, "bdat").toString("latin1");
      const [, size = "", sent = ""] = /^BDAT ([0-9]+) LAST\r\n(.*)$/s.exec(wire) ?? [];
      expect(sent.length).toBe(Number(size));
      expect(sent).toBe(maker.content(it).toString("latin1"));
      expect(sent).toStartWith(`X-Above: yes\r\nX-Load-Id: ${run}-${it}\r\n`);
      expect(isIntact(Buffer.from(sent, "latin1"))).toBe(true);
    }
  });

  test("bodies of messages that follow one another differ", () => {
    const maker = new ContentMaker({ sizeBytes: 1_024, run });
    const endings = [0, 1, 2, 3].map((it) => maker.content(it).toString("latin1").slice(-500));
    expect(new Set(endings).size).toBe(4);
  });
});

describe("isIntact()", () => {
  test("looks below trace fields", () => {
    expect(isIntact(content)).toBe(true);
    expect(isIntact(Buffer.concat([Buffer.from("Received: x\r\n"), content]))).toBe(true);
  });

  test.each([
    ["an octet is another", (it: Buffer) => it.fill("~", 2_000, 2_001)],
    ["the end is missing", (it: Buffer) => it.subarray(0, -2)],
    ["something was added", (it: Buffer) => Buffer.concat([it, Buffer.from("\r\n")])],
    ["the id is another", (it: Buffer) => Buffer.from(it.toString().replace("Id: 0", "Id: 1"))],
    [
      "a field was put in",
      (it: Buffer) => Buffer.from(it.toString().replace("Date", "X: y\r\nDate")),
    ],
    ["it has no id", () => Buffer.from("Subject: x\r\n\r\n")],
  ])("is false when %s", (_, change) => {
    expect(isIntact(change(Buffer.from(content)))).toBe(false);
  });
});

describe("transparency", () => {
  test.each([
    ["", ""],
    [".", ".."],
    ["a\r\n.b\r\n..\r\n", "a\r\n..b\r\n...\r\n"],
    [".\r\n.\r\n", "..\r\n..\r\n"],
  ])("%j is %j on the wire", (plain, wire) => {
    expect(withTransparency(Buffer.from(plain)).toString()).toBe(wire);
    expect(withoutTransparency(Buffer.from(wire)).toString()).toBe(plain);
  });
});
