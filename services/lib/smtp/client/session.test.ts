/** What its owner may rely on; dialogues are in test/transcripts/client. */
import { describe, expect, test } from "bun:test";
import { parseMailbox } from "../path.ts";
import { ClientSession } from "./session.ts";
import type { ClientStep, ClientTransaction } from "./step.ts";

const encoder = new TextEncoder();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const settings = { hostname: "client.example", protocol: "smtp", tls: "never" } as const;

function path(mailbox: string) {
  const parsed = parseMailbox(mailbox);
  if (parsed === undefined) throw new Error(`no mailbox: ${mailbox}`);
  return parsed.text;
}

const message: ClientTransaction = {
  reversePath: path("a@client.example"),
  body: "7bit",
  smtpUtf8: false,
  recipients: [{ path: path("b@server.example") }],
  content: encoder.encode("x\r\n"),
  contentLineMax: 998,
};

function hear(session: ClientSession, said: string): readonly ClientStep[] {
  return session.receive(encoder.encode(said));
}

function readySession(...offered: string[]): ClientSession {
  const session = new ClientSession(settings);
  session.start();
  hear(session, "220 server.example\r\n");
  const lines = ["server.example", ...offered];
  hear(
    session,
    lines.map((line, i) => `250${i === lines.length - 1 ? " " : "-"}${line}\r\n`).join(""),
  );
  return session;
}

describe("ClientSession", () => {
  test("tells what the server offers", () => {
    const session = readySession("DSN", "SIZE 1000");
    expect(session.capabilities).toMatchObject({ dsn: true, size: 1_000, pipelining: false });
  });

  test("sends a pipelined envelope as one segment, and small content as one", () => {
    const session = readySession("PIPELINING");
    const group = session.transact(message);
    expect(group.map((step) => step.kind)).toEqual(["send"]);
    const steps = hear(session, "250 Ok\r\n250 Ok\r\n354 Go on\r\n");
    expect(steps.map((step) => step.kind === "send" && text(step.bytes))).toEqual(["x\r\n.\r\n"]);
  });

  test("hands big content on as it is", () => {
    const session = readySession("PIPELINING");
    const content = encoder.encode(`${"a".repeat(48)}\r\n`.repeat(2_000));
    session.transact({ ...message, content });
    const [first] = hear(session, "250 Ok\r\n250 Ok\r\n354 Go on\r\n");
    expect(first?.kind === "send" && first.bytes).toBe(content);
  });

  test.each([
    ["with PIPELINING", readySession("PIPELINING"), true],
    ["without it", readySession(), false],
  ])("may be followed from the final dot to its reply, %s", (_, session, isOffered) => {
    const seen = [session.canFollow];
    session.transact(message);
    for (const said of ["250 Ok\r\n", "250 Ok\r\n", "354 Go on\r\n", "250 Ok\r\n"]) {
      seen.push(session.canFollow);
      hear(session, said);
      // Nothing has left of what it asked to send, until that is told.
      if (said.startsWith("354")) session.unsent(5);
      if (said.startsWith("354")) seen.push(session.canFollow);
      session.unsent(0);
    }
    expect(seen).toEqual([false, false, false, false, false, isOffered]);
    expect(session.canFollow).toBe(false);
  });

  test("may not be followed over LMTP, where the dot has many replies", () => {
    const session = new ClientSession({ ...settings, protocol: "lmtp" });
    hear(session, "220 server.example\r\n");
    hear(session, "250-server.example\r\n250 PIPELINING\r\n");
    session.transact(message);
    hear(session, "250 Ok\r\n250 Ok\r\n354 Go on\r\n");
    expect([session.waitingFor, session.canFollow]).toEqual(["dataTermination", false]);
  });

  test("may not be followed any more when a follower was withdrawn", () => {
    const session = readySession("PIPELINING");
    session.transact(message);
    hear(session, "250 Ok\r\n250 Ok\r\n354 Go on\r\n");
    session.follow(message);
    session.withdrawFollower();
    expect([session.waitingFor, session.canFollow]).toEqual(["dataTermination", false]);
  });

  test("says nothing any more once it is over", () => {
    const session = readySession();
    expect(session.connectionLost("gone")).toHaveLength(1);
    expect(session.connectionLost("gone")).toEqual([]);
    expect(session.timedOut()).toEqual([]);
    expect(session.quit()).toEqual([]);
    expect(hear(session, "421 too late\r\n")).toEqual([]);
    expect(session.waitingFor).toBe("nothing");
  });

  test("takes a late handshake of a session that is over", () => {
    const session = new ClientSession({ ...settings, tls: "opportunistic" });
    hear(session, "220 server.example\r\n");
    hear(session, "250-server.example\r\n250 STARTTLS\r\n");
    expect(hear(session, "220 Go on\r\n")).toEqual([{ kind: "startTls" }]);
    session.connectionLost("gone");
    expect(session.tlsStarted()).toEqual([]);
    expect(session.tlsFailed("late")).toEqual([]);
  });

  test("that has not greeted yet is closed by quit() without a word", () => {
    const session = new ClientSession(settings);
    session.start();
    expect(session.quit()).toEqual([{ kind: "closed" }]);
  });

  test("says QUIT once", () => {
    const session = readySession();
    expect(session.quit()).toHaveLength(1);
    expect(session.quit()).toEqual([]);
  });

  test.each([
    ["before it is ready", () => new ClientSession(settings).transact(message)],
    [
      "while another runs",
      () => {
        const session = readySession();
        session.transact(message);
        session.transact(message);
      },
    ],
    ["that follows nothing", () => readySession("PIPELINING").follow(message)],
    [
      "behind another that follows",
      () => {
        const session = readySession("PIPELINING");
        session.transact(message);
        hear(session, "250 Ok\r\n250 Ok\r\n354 Go on\r\n");
        session.follow(message);
        session.follow(message);
      },
    ],
    ["without recipients", () => readySession().transact({ ...message, recipients: [] })],
    [
      "of a path that is two lines",
      () => {
        const evil = "x@server.example>\r\nRCPT TO:<y@server.example" as typeof message.reversePath;
        readySession().transact({ ...message, reversePath: evil });
      },
    ],
  ])("refuses a transaction %s as a fault of its owner", (_, transact) => {
    expect(transact).toThrow("Assertion failed");
  });

  test("refuses quit() in a transaction as a fault of its owner", () => {
    const session = readySession();
    session.transact(message);
    expect(() => session.quit()).toThrow("Assertion failed");
  });
});
