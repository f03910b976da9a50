/** A letter as bytes: what a reader must get back, and what must never stand in a line. */
import { describe, expect, test } from "bun:test";
import { parseMailbox } from "#lib/smtp/path";
import { contentFault } from "#lib/smtp/server/content-fault";
import { serverLimits } from "../../config.ts";
import type { HeaderMailbox, Letter } from "./letter.ts";
import { composed } from "./mime.ts";

const stamp = { messageId: "<01@edge.example>", date: 1_700_000_000_000 };

function at(address: string, name?: string): HeaderMailbox {
  const mailbox = parseMailbox(address);
  if (mailbox === undefined) throw new Error(`no mailbox: ${address}`);
  return { mailbox, ...(name === undefined ? {} : { name }) };
}

async function textOf(letter: Partial<Letter>): Promise<string> {
  const bytes = await composed(
    {
      from: at("a@b.example"),
      ...{ to: [at("c@d.example")], cc: [], replyTo: [], headers: {}, attachments: [] },
      ...letter,
    },
    stamp,
  );
  expect(contentFault(bytes, serverLimits("submission"))).toBeUndefined();
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  expect(/[\u0080-\uffff]/.test(text)).toBe(false);
  return text;
}

test("what is short and plain stays so", async () => {
  expect(await textOf({ subject: "Hello", text: "Hello\nAnn\n" })).toBe(
    [
      "From: a@b.example",
      "To: c@d.example",
      "Subject: Hello",
      "Message-ID: <01@edge.example>",
      "Date: Tue, 14 Nov 2023 22:13:20 +0000",
      "Content-Transfer-Encoding: 7bit",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "",
      "Hello",
      "Ann",
      "",
    ].join("\r\n"),
  );
});

describe("whatever is in it, lines are short, ASCII, and end with CRLF", () => {
  test.each<[string, Partial<Letter>]>([
    ["a subject of 500 umlauts", { subject: "\u00fc".repeat(500), text: "x" }],
    ["a subject that is one long word", { subject: "x".repeat(990), text: "x" }],
    ["a text of one long line", { text: "x".repeat(5_000) }],
    ["a text of umlauts, CR, LF and CRLF", { text: "\u00fc\ra\nb\r\nc\n\nd" }],
    ["lines that begin with a dot", { text: ".\n..\nx" }],
    [
      "half a surrogate pair",
      { subject: "\ud83d", text: "\udc00", from: at("a@b.example", "\ud83d") },
    ],
    ["an emoji in a name", { from: at("a@b.example", "\ud83d\udc4b Wave"), text: "x" }],
    ["a name with quotes and a comma", { from: at("a@b.example", 'Doe, "Joe" \\ <x>'), text: "x" }],
    ["html alone", { html: "<p>\u00fc</p>" }],
    [
      "no text at all, but an attachment",
      { attachments: [{ filename: "a.bin", content: Uint8Array.of(0, 10, 13, 255) }] },
    ],
    [
      "a file name that is long and not ASCII",
      {
        text: "x",
        attachments: [{ filename: `${"\u00e4".repeat(100)}.pdf`, content: Uint8Array.of(1) }],
      },
    ],
    [
      "a long field of links",
      {
        text: "x",
        headers: {
          "List-Unsubscribe": Array(30)
            .fill("<https://x.example/unsubscribe?id=0123456789>")
            .join(", "),
        },
      },
    ],
  ])("%s", async (_, letter) => {
    const text = await textOf(letter);
    expect(text).toEndWith("\r\n");
  });
});

test("an inline part belongs to the html, and other files stand beside both", async () => {
  const text = await textOf({
    text: "x",
    html: '<img src="cid:logo">',
    attachments: [
      {
        filename: "logo.png",
        content: Uint8Array.of(1, 2),
        contentType: "image/png",
        contentId: "logo",
      },
      { filename: "terms.pdf", content: Uint8Array.of(3, 4) },
    ],
  });
  const kinds = [...text.matchAll(/^Content-Type: ([a-z]+\/[a-z]+)/gm)].map(([, kind]) => kind);
  expect(kinds as unknown).toEqual([
    "multipart/mixed",
    "multipart/alternative",
    "text/plain",
    "multipart/related",
    "text/html",
    "image/png",
    "application/pdf",
  ]);
  expect(text).toContain("Content-ID: <logo>\r\n");
  expect(text).toContain(`\r\n\r\n${Buffer.from([3, 4]).toString("base64")}\r\n`);
});

test("a local part that needs quotes, or UTF-8, stays one mailbox", async () => {
  expect(await textOf({ to: [at('"joe smith"@d.example', "Joe")], text: "x" })).toContain(
    'To: Joe <"joe smith"@d.example>\r\n',
  );
  const bytes = await composed(
    {
      ...{ from: at("a@b.example"), to: [at("j\u00fcrgen@d.example")], cc: [], replyTo: [] },
      ...{ headers: {}, attachments: [], text: "x" },
    },
    stamp,
  );
  expect(new TextDecoder().decode(bytes)).toContain("To: j\u00fcrgen@d.example\r\n");
});

test("no two compositions share a boundary", async () => {
  const letter = { text: "x", html: "<p>x</p>" };
  const boundary = /boundary="([^"]+)"/;
  const [one, two] = [boundary.exec(await textOf(letter)), boundary.exec(await textOf(letter))];
  expect(one?.[1]).not.toBe(two?.[1] ?? "");
});
