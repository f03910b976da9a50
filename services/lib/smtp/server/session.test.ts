/** What a driver sees of a session; what a client sees is in test/transcripts/server. */
import { describe, expect, test } from "bun:test";
import { encodeReply, reply } from "../reply.ts";
import { ServerSession } from "./session.ts";
import type { ServerSettings, ServerStep } from "./step.ts";

const settings: ServerSettings = {
  hostname: "edge.example",
  offersStartTls: true,
  auth: "always",
  requiresAuth: false,
  requiresTls: false,
  isTls: false,
  limits: {
    messageSizeMax: 10_000,
    recipientsMax: 10,
    contentLineMax: 1_000,
    commandLineMax: 200,
    authLineMax: 400,
    errorsSoftMax: 1,
    errorsHardMax: 5,
    errorDelayMs: 50,
    receivedFieldsMax: 5,
    pipelinedBytesMax: 100,
  },
};

const encoder = new TextEncoder();
const said = (steps: readonly ServerStep[]) =>
  steps.map((step) => (step.kind === "reply" ? encodeReply(step.reply).trim() : step.kind));

function greeted(): {
  session: ServerSession;
  send: (...lines: string[]) => readonly ServerStep[];
} {
  const session = new ServerSession(settings);
  session.greet();
  const send = (...lines: string[]) =>
    session.receive(encoder.encode(lines.map((line) => `${line}\r\n`).join("")));
  send("EHLO client.example");
  return { session, send };
}

/** A session whose driver owes the answer to the content `x`. */
function accepting(): ReturnType<typeof greeted> {
  const opened = greeted();
  opened.send("MAIL FROM:<a@client.example>");
  opened.session.answer({ kind: "admitted" });
  opened.send("RCPT TO:<b@local.example>");
  opened.session.answer({ kind: "admitted" });
  opened.send("DATA");
  opened.send("x", ".");
  return opened;
}

describe("ServerSession", () => {
  test("gives no step while the driver owes an answer, and goes on with it", () => {
    const { session, send } = greeted();
    expect(said(send("MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>"))).toEqual([
      "admitMail",
    ]);
    expect(session.isWaiting).toBe(true);
    expect(send("NOOP")).toEqual([]);
    expect(said(session.answer({ kind: "admitted" }))).toEqual(["250 2.1.0 Ok", "admitRecipient"]);
    expect(said(session.answer({ kind: "admitted" }))).toEqual(["250 2.1.5 Ok", "250 2.0.0 Ok"]);
    expect(session.isWaiting).toBe(false);
  });

  test("replies to pipelined commands come in one array", () => {
    const { send } = greeted();
    expect(said(send("NOOP", "RSET", "VRFY x")).length).toBe(3);
  });

  test("is full when more waits than it should, until it is read", () => {
    const { session, send } = greeted();
    send("MAIL FROM:<a@client.example>", ...Array(16).fill("NOOP"));
    expect(session.isFull).toBe(false);
    send("NOOP");
    expect(session.isFull).toBe(true);
    session.answer({ kind: "admitted" });
    expect(session.isFull).toBe(false);
  });

  test("is idle outside of transactions, AUTH and questions", () => {
    const { session, send } = greeted();
    expect(session.isIdle).toBe(true);
    send("MAIL FROM:<a@client.example>");
    expect(session.isIdle).toBe(false);
    session.answer({ kind: "admitted" });
    expect(session.isIdle).toBe(false);
    send("RSET");
    expect(session.isIdle).toBe(true);
    send("AUTH LOGIN");
    expect(session.isIdle).toBe(false);
  });

  test("keeps what a log wants to know", () => {
    const { session, send } = accepting();
    session.answer({ kind: "accepted", queueId: "Q1" });
    send("AUTH PLAIN AGFsaWNlAHNlY3JldA==");
    session.answer({ kind: "authenticated" });
    const { helo, isTls, user, transactions } = session;
    expect({ helo, isTls, user, transactions }).toEqual({
      helo: { name: "client.example", isExtended: true },
      isTls: false,
      user: "alice",
      transactions: 1,
    });
  });

  test("a message that is refused is no transaction made, and the driver's words are said", () => {
    const { session } = accepting();
    const answer = reply(451, "4.3.0", "Local error");
    expect(said(session.answer({ kind: "refused", reply: answer }))).toEqual([
      "451 4.3.0 Local error",
    ]);
    expect(session.transactions).toBe(0);
  });

  test("STYLE §14.10: nothing is said to the final dot before the driver has answered", () => {
    const { session, send } = accepting();
    expect(session.isWaiting).toBe(true);
    expect(send("QUIT")).toEqual([]);
    expect(said(session.answer({ kind: "accepted", queueId: "Q1" }))).toEqual([
      "250 2.0.0 Ok: queued as Q1",
      "221 2.0.0 Bye",
      "close",
    ]);
  });

  test("the pause for errors comes before the reply", () => {
    const { session, send } = greeted();
    expect(said(send("WHAT"))).toEqual(["500 5.5.1 Command not recognized"]);
    expect(send("WHAT", "NOOP")).toEqual([{ kind: "pause", delayMs: 50 }]);
    expect(said(session.answer({ kind: "resumed" }))).toEqual([
      "500 5.5.1 Command not recognized",
      "250 2.0.0 Ok",
    ]);
  });

  test("plaintext behind 220 closes, and a handshake that ends later changes nothing", () => {
    const { session, send } = greeted();
    expect(said(send("STARTTLS"))).toEqual(["220 2.0.0 Ready to start TLS", "startTls"]);
    expect(said(send("MAIL FROM:<x@evil.example>"))).toEqual(["close"]);
    expect(session.answer({ kind: "tlsStarted" })).toEqual([]);
    expect(session.isTls).toBe(false);
  });

  test("an answer that does not fit its question is refused", () => {
    const { session, send } = greeted();
    send("AUTH PLAIN AGFsaWNlAHNlY3JldA==");
    expect(() => session.answer({ kind: "admitted" })).toThrow("Assertion failed");
    expect(session.user).toBeUndefined();
  });

  test("an answer without a question is refused", () => {
    expect(() => greeted().session.answer({ kind: "admitted" })).toThrow("Assertion failed");
  });

  test("is silent when it is closed", () => {
    const { session, send } = accepting();
    expect(said(session.timeout())).toEqual(["421 4.4.2 Timeout, closing connection", "close"]);
    expect(session.answer({ kind: "accepted", queueId: "Q1" })).toEqual([]);
    expect(send("NOOP")).toEqual([]);
    expect(session.timeout()).toEqual([]);
    expect(session.shutdown()).toEqual([]);
    expect(session.isFull).toBe(false);
  });

  test("shutdown twice says 421 once", () => {
    const { session, send } = greeted();
    send("MAIL FROM:<a@client.example>");
    session.answer({ kind: "admitted" });
    expect(session.shutdown()).toEqual([]);
    expect(session.shutdown()).toEqual([]);
    expect(said(send("RSET")).slice(1)).toEqual([
      "421 4.3.2 Service shutting down, closing connection",
      "close",
    ]);
  });

  test("holds no more than the driver gives it of a line that never ends", () => {
    const { session } = greeted();
    for (let i = 0; i < 1_000; i++) session.receive(encoder.encode("y".repeat(1_000)));
    expect(session.isFull).toBe(false);
  });
});
