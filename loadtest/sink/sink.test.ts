import { describe, expect, test } from "bun:test";
import { RawPeer } from "../../test/support/raw-peer.ts";
import { ContentMaker } from "../content.ts";
import { Sink, type SinkOptions } from "./sink.ts";

const maker = new ContentMaker({ sizeBytes: 1_024, run: "t" });

async function greeted(sink: Sink, hello = "EHLO a.example"): Promise<RawPeer> {
  const peer = await RawPeer.connect(sink.endpoint);
  expect(await peer.reply()).toStartWith("220 ");
  expect(await peer.say(hello)).toStartWith("250");
  return peer;
}

function codeOf(reply: string): string {
  return reply.slice(0, 3);
}

/** The codes of a transaction, as far as it goes. */
async function transaction(peer: RawPeer, forwardPath: string, n = 1): Promise<string[]> {
  const codes: string[] = [];
  for (const line of ["MAIL FROM:<a@a.example>", `RCPT TO:<${forwardPath}>`, "DATA"]) {
    const code = codeOf(await peer.say(line));
    codes.push(code);
    if (!/^[23]/.test(code)) return codes;
  }
  peer.send(maker.mailData(n));
  codes.push(codeOf(await peer.reply()));
  return codes;
}

describe("a sink that behaves", () => {
  test("takes messages, one after the other, and knows them again", async () => {
    await using sink = await Sink.start({ keep: "messages" });
    const peer = await greeted(sink);
    expect(await transaction(peer, "b@b.example", 1)).toEqual(["250", "250", "354", "250"]);
    expect(await transaction(peer, "b@b.example", 1)).toEqual(["250", "250", "354", "250"]);
    expect(await transaction(peer, "c@b.example", 2)).toEqual(["250", "250", "354", "250"]);
    expect(codeOf(await peer.say("QUIT"))).toBe("221");
    await peer.closed();
    expect(sink.counts).toMatchObject({ messages: 3, recipients: 3, damaged: 0, unnamed: 0 });
    expect([sink.ledger.distinct, sink.ledger.total]).toEqual([2, 3]);
    const [first] = sink.messages;
    expect(first?.reversePath).toBe("a@a.example");
    expect(first?.content).toEqual(maker.content(1));
  });

  test("tells of connections, and of each MAIL that is answered as it should be", async () => {
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(what);
    const watch = { opened: note("opened"), closed: note("closed"), mail: note("mail") };
    await using sink = await Sink.start({ watch });
    const peer = await greeted(sink);
    await peer.say("MAIL FROM:<451-at-mail+1@a.example>");
    await transaction(peer, "b@b.example");
    await peer.say("QUIT");
    await sink.until(({ sessionsOpen }) => sessionsOpen === 0);
    expect(seen).toEqual(["opened", "mail", "closed"]);
  });

  test("takes all of it in one segment", async () => {
    await using sink = await Sink.start({ keep: "verdicts" });
    const peer = await RawPeer.connect(sink.endpoint);
    const commands = "EHLO x\r\nMAIL FROM:<> BODY=8BITMIME\r\nRCPT TO:<b@b.example>\r\nDATA\r\n";
    peer.send(Buffer.concat([Buffer.from(commands), maker.mailData(1)]));
    peer.send("MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n");
    peer.send(Buffer.concat([maker.mailData(2), Buffer.from("QUIT\r\n")]));
    await peer.closed();
    const codes = peer.received.match(/^\d{3} /gm)?.map((it) => it.trim());
    const each = ["250", "250", "354", "250"];
    expect(codes).toEqual(["220", "250", ...each, ...each, "221"]);
    expect(sink.counts).toMatchObject({ messages: 2, notifications: 1, unnamed: 1, damaged: 0 });
  });

  test("sees damage", async () => {
    await using sink = await Sink.start({ keep: "verdicts" });
    const peer = await greeted(sink);
    for (const line of ["MAIL FROM:<a@a>", "RCPT TO:<b@b>", "DATA"]) await peer.say(line);
    const damaged = maker.mailData(1).toString().replace("Subject", "subject");
    peer.send(damaged);
    await sink.until(({ messages }) => messages === 1);
    expect(sink.counts.damaged).toBe(1);
  });

  test("refuses what is out of order", async () => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    expect(codeOf(await peer.say("RCPT TO:<b@b.example>"))).toBe("503");
    expect(codeOf(await peer.say("DATA"))).toBe("503");
    expect(codeOf(await peer.say("MAIL FROM:<a@a.example>"))).toBe("250");
    expect(codeOf(await peer.say("MAIL FROM:<a@a.example>"))).toBe("503");
    expect(codeOf(await peer.say("RSET"))).toBe("250");
    expect(codeOf(await peer.say("RCPT TO:<b@b.example>"))).toBe("503");
    expect(codeOf(await peer.say("EXPN staff"))).toBe("500");
  });

  test("takes chunks, one or several, and those that nobody is to have", async () => {
    await using sink = await Sink.start({ keep: "messages" });
    const peer = await greeted(sink);
    const content = Buffer.from(maker.content(7));
    peer.send("BDAT 4\r\nQUITMAIL FROM:<a@a>\r\n");
    expect([codeOf(await peer.reply()), codeOf(await peer.reply())]).toEqual(["503", "250"]);
    await peer.say("RCPT TO:<b@b>");
    for (const [size, octets] of [
      ["10", content.subarray(0, 10)],
      ["0", ""],
      [`${content.length - 10} last`, content.subarray(10)],
    ] as const) {
      peer.send(`BDAT ${size}\r\n`);
      peer.send(octets);
      expect(codeOf(await peer.reply())).toBe("250");
    }
    peer.send(maker.mailData(8, "bdat"));
    expect(codeOf(await peer.reply())).toBe("503");
    expect(codeOf(await peer.say("BDAT many"))).toBe("501");
    expect(sink.messages.map((it) => it.content)).toEqual([content]);
    expect(sink.counts).toMatchObject({ messages: 1, damaged: 0, lookedAt: 1 });
  });

  test("looks at one message in 64 when it is to keep samples", async () => {
    await using sink = await Sink.start({ keep: "samples" });
    const peer = await greeted(sink);
    for (let n = 0; n < 70; n++) await transaction(peer, "b@b.example", n);
    expect(sink.counts).toMatchObject({ messages: 70, damaged: 0, lookedAt: 2 });
    expect(sink.ledger.distinct).toBe(70);
  });

  test("speaks LMTP: a reply for each recipient", async () => {
    await using sink = await Sink.start({ protocol: "lmtp", keep: "messages" });
    const peer = await greeted(sink, "LHLO a.example");
    for (const line of ["MAIL FROM:<a@a>", "RCPT TO:<b@b>", "RCPT TO:<451@b>", "DATA"]) {
      await peer.say(line);
    }
    peer.send(maker.mailData(1));
    expect([codeOf(await peer.reply()), codeOf(await peer.reply())]).toEqual(["250", "451"]);
    expect(sink.messages[0]?.recipients.map((it) => it.forwardPath)).toEqual(["b@b"]);
  });

  test("lets anybody in who authenticates", async () => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    expect(codeOf(await peer.say("AUTH PLAIN AGEAYg=="))).toBe("235");
    const login = ["AUTH LOGIN", "YQ==", "Yg=="];
    const codes = [];
    for (const line of login) codes.push(codeOf(await peer.say(line)));
    expect(codes).toEqual(["334", "334", "235"]);
  });

  test("withholds capabilities, and EHLO as a whole", async () => {
    await using sink = await Sink.start({ greeting: { withheld: ["PIPELINING", "AUTH"] } });
    const peer = await RawPeer.connect(sink.endpoint);
    await peer.reply();
    const reply = await peer.say("EHLO a.example");
    expect(reply).toContain("250-SIZE\r\n");
    expect(reply).not.toMatch(/PIPELINING|AUTH|STARTTLS/);
    await using old = await Sink.start({ greeting: { withheld: ["EHLO"] } });
    const oldPeer = await greeted(old, "HELO a.example");
    expect(codeOf(await oldPeer.say("EHLO a.example"))).toBe("502");
  });

  test("limits its sessions", async () => {
    await using sink = await Sink.start({ sessionsMax: 1 });
    await greeted(sink);
    const second = await RawPeer.connect(sink.endpoint);
    expect(codeOf(await second.reply())).toBe("421");
    await second.closed();
    expect(sink.counts).toMatchObject({ sessions: 2, sessionsOpenMax: 2 });
  });
});

describe("a sink that misbehaves", () => {
  test.each([
    ["550-at-rcpt", ["250", "550"]],
    ["451-at-data", ["250", "250", "451"]],
    ["451-at-end-of-data", ["250", "250", "354", "451"]],
    ["550-at-content", ["250", "250", "354", "550"]],
    ["slow-5ms-at-data", ["250", "250", "354", "250"]],
    ["slow-5ms-at-content", ["250", "250", "354", "250"]],
    ["byte-by-byte", ["250", "250", "354", "250"]],
    ["drop-at-rcpt", ["250", ""]],
    ["drop-at-content", ["250", "250", "354", ""]],
    ["drop-after-dot", ["250", "250", "354", ""]],
    ["half-a-reply", ["250", "250", "354", "250"]],
  ] as const)("%s", async (localPart, expected) => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    expect(await transaction(peer, `${localPart}+1@b.example`)).toEqual([...expected]);
    const isTaken = ["", "250"].includes(expected.at(-1) ?? "") && expected.length === 4;
    expect(sink.counts.messages).toBe(isTaken && localPart !== "drop-at-content" ? 1 : 0);
  });

  test("by domain: the code and all lines of the text that was given", async () => {
    const row = { odds: 1, at: "rcpt", replies: ["550 5.1.1 No\n5.1.1 Really"] };
    const text = JSON.stringify({ "b.example": [row] });
    await using sink = await Sink.start({ domains: { name: "f.yaml", text } });
    const peer = await greeted(sink);
    await peer.say("MAIL FROM:<a@b.example>");
    expect(await peer.say("RCPT TO:<a@x.b.example>")).toBe("550-5.1.1 No\r\n550 5.1.1 Really\r\n");
    expect(codeOf(await peer.say("RCPT TO:<a@c.example>"))).toBe("250");
  });

  test("garbage-at-rcpt: octets that are no reply", async () => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    await peer.say("MAIL FROM:<a@a.example>");
    peer.send("RCPT TO:<garbage-at-rcpt@b.example>\r\nQUIT\r\n");
    await peer.closed();
    expect(peer.received).toStartWith("\x00\x01 ");
  });

  test("421-at-mail is asked for by the reverse-path, and closes", async () => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    expect(codeOf(await peer.say("MAIL FROM:<421-at-mail@a.example>"))).toBe("421");
    await peer.closed();
  });

  test("greylist refuses a forward-path once", async () => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    expect(await transaction(peer, "greylist+7@b.example")).toEqual(["250", "451"]);
    await peer.say("RSET");
    expect((await transaction(peer, "greylist+7@b.example")).at(-1)).toBe("250");
  });

  test("silence: no reply, and the message is there", async () => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    const done = transaction(peer, "silence@b.example");
    await sink.until(({ messages }) => messages === 1);
    peer.destroy();
    expect((await done).at(-1)).toBe("");
  });

  test("slow: what was pipelined behind waits, and comes in order", async () => {
    await using sink = await Sink.start();
    const peer = await greeted(sink);
    peer.send(
      "MAIL FROM:<a@a>\r\nRCPT TO:<slow-20ms-at-rcpt@b>\r\nRCPT TO:<550-at-rcpt@b>\r\nRSET\r\n",
    );
    const codes = [];
    for (let i = 0; i < 4; i++) codes.push(codeOf(await peer.reply()));
    expect(codes).toEqual(["250", "250", "550", "250"]);
  });

  test("as a whole, until it is told to behave", async () => {
    const options: SinkOptions = { faults: ["421-at-connect"] };
    await using sink = await Sink.start(options);
    const peer = await RawPeer.connect(sink.endpoint);
    expect(codeOf(await peer.reply())).toBe("421");
    await peer.closed();
    sink.misbehave();
    await greeted(sink);
    expect(sink.faultCounts).toEqual({ "reply at connect": 1 });
  });
});
