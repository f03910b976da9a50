import { describe, expect, test } from "bun:test";
import type { Connection } from "#lib/net/transport";
import { type Job, Jobs } from "./job.ts";
import { type Result, type SessionOptions, SourceSession } from "./session.ts";

const options: SessionOptions = {
  tls: "none",
  auth: undefined,
  pipelining: "never",
  hostname: "a.example",
};

const jobs = new Jobs({
  run: "r",
  sizesBytes: [0],
  recipients: 2,
  domains: ["b.example", "c.example"],
  localPart: "b",
  reversePath: "a@a.example",
});
const job = jobs.job(0);
const content = job.mailData("data").toString();

/** A session whose peer is the test. */
class Harness {
  readonly session: SourceSession;
  readonly results: Result[] = [];
  readonly ends: (string | undefined)[] = [];
  sent = "";
  isDestroyed = false;
  #jobs: Job[];

  constructor(given: Partial<SessionOptions> = {}, jobs: readonly Job[] = [job]) {
    this.#jobs = [...jobs];
    const at = { address: "127.0.0.1", port: 1 };
    const unused = async () => {
      throw new Error("no TLS here");
    };
    const connection: Connection = {
      local: at,
      remote: at,
      write: (bytes) => {
        this.sent += Buffer.from(bytes).toString();
        return 0;
      },
      pause() {},
      resume() {},
      serveTls: unused,
      startTls: unused,
      end() {},
      destroy: () => {
        this.isDestroyed = true;
      },
    };
    this.session = new SourceSession(
      connection,
      { ...options, ...given },
      {
        replyTimeoutMs: 1_000,
        monotonic: () => 0,
        ready: (session) => {
          const next = this.#jobs.shift();
          if (next === undefined) session.quit();
          else session.send(next);
        },
        done: (_, result) => void this.results.push(result),
        over: (_, why) => void this.ends.push(why),
      },
    );
  }

  /** What it says to that. */
  hears(reply: string): string {
    this.sent = "";
    this.session.data(Buffer.from(reply.replaceAll("|", "\r\n")));
    return this.sent;
  }
}

const mail = "MAIL FROM:<a@a.example>\r\n";
const rcptB = "RCPT TO:<b+0.0@b.example>\r\n";
const rcptC = "RCPT TO:<b+0.1@c.example>\r\n";

describe("SourceSession", () => {
  test("one command after the other", () => {
    const peer = new Harness();
    expect(peer.hears("220 x|")).toBe("EHLO a.example\r\n");
    expect(peer.hears("250-x|250 SIZE|")).toBe(mail);
    expect(peer.hears("250 ok|")).toBe(rcptB);
    expect(peer.hears("250 ok|")).toBe(rcptC);
    expect(peer.hears("550 no|")).toBe("DATA\r\n");
    expect(peer.hears("354 go|")).toBe(content);
    expect(peer.hears("250 ok|")).toBe("QUIT\r\n");
    expect(peer.results).toEqual([{ kind: "accepted", recipients: 1, latencyMs: 0 }]);
    peer.hears("221 bye|");
    peer.session.closed();
    expect(peer.ends).toEqual([undefined]);
  });

  test("with pipelining the envelope goes at once", () => {
    const peer = new Harness({ pipelining: "envelope" });
    peer.hears("220 x|");
    expect(peer.hears("250 x|")).toBe(`${mail}${rcptB}${rcptC}DATA\r\n`);
    expect(peer.hears("250 ok|250 ok|250 ok|")).toBe("");
    expect(peer.hears("354 go|")).toBe(content);
  });

  test("with pipelining and no recipient an empty message ends the transaction", () => {
    const peer = new Harness({ pipelining: "envelope" });
    peer.hears("220 x|250 x|");
    expect(peer.hears("250 ok|550 no|551 no|354 go|")).toBe(".\r\n");
    expect(peer.hears("554 no|")).toBe("RSET\r\n");
    expect(peer.results).toEqual([{ kind: "refused", stage: "rcpt", code: 550 }]);
    expect(peer.hears("250 ok|")).toBe("QUIT\r\n");
  });

  test("a refused envelope is reset, and the next message follows", () => {
    const peer = new Harness({}, [job, job]);
    peer.hears("220 x|250 x|");
    expect(peer.hears("451 later|")).toBe("RSET\r\n");
    expect(peer.hears("250 ok|")).toBe(mail);
    expect(peer.results).toEqual([{ kind: "refused", stage: "mail", code: 451 }]);
  });

  test("a 421 ends the session", () => {
    const peer = new Harness({}, [job, job]);
    peer.hears("220 x|250 x|");
    expect(peer.hears("421 bye|")).toBe("");
    peer.session.closed();
    expect(peer.ends).toEqual(["421 at mail"]);
  });

  test("authenticates", () => {
    const peer = new Harness({ auth: { name: "u", password: "p" } });
    peer.hears("220 x|");
    expect(peer.hears("250 x|")).toBe("AUTH PLAIN AHUAcA==\r\n");
    expect(peer.hears("235 ok|")).toBe(mail);
  });

  describe("with BDAT", () => {
    const chunk = job.mailData("bdat").toString();

    test("the content comes behind its size, instead of DATA", () => {
      const peer = new Harness({ chunking: "if-offered" });
      peer.hears("220 x|");
      expect(peer.hears("250-x|250-chunking|250 SIZE|")).toBe(mail);
      expect(peer.hears("250 ok|")).toBe(rcptB);
      expect(peer.hears("250 ok|")).toBe(rcptC);
      expect(peer.hears("250 ok|")).toBe(chunk);
      expect(peer.hears("250 ok|")).toBe("QUIT\r\n");
      expect(peer.results).toMatchObject([{ kind: "accepted", recipients: 2 }]);
    });

    test("with pipelining all goes at once", () => {
      const peer = new Harness({ chunking: "if-offered", pipelining: "envelope" }, [job, job]);
      peer.hears("220 x|");
      const all = `${mail}${rcptB}${rcptC}${chunk}`;
      expect(peer.hears("250-x|250 CHUNKING|")).toBe(all);
      expect(peer.hears("250 ok|250 ok|")).toBe("");
      expect(peer.hears("550 no|250 ok|")).toBe(all);
      expect(peer.results).toMatchObject([{ kind: "accepted", recipients: 1 }]);
    });

    test("a chunk that nobody is to have is refused, and all is reset", () => {
      const peer = new Harness({ chunking: "if-offered", pipelining: "envelope" });
      peer.hears("220 x|250-x|250 CHUNKING|");
      expect(peer.hears("250 ok|550 no|551 no|554 no|")).toBe("RSET\r\n");
      expect(peer.results).toEqual([{ kind: "refused", stage: "rcpt", code: 550 }]);
    });

    test("a server that does not offer it gets DATA", () => {
      const peer = new Harness({ chunking: "if-offered" });
      expect(peer.hears("220 x|250-x|250 SIZE|250 ok|250 ok|250 ok|")).toEndWith("DATA\r\n");
    });
  });

  test.each([
    ["before the final dot", "250 ok|250 ok|250 ok|", "aborted"],
    ["after it", "250 ok|250 ok|250 ok|354 go|", "unknown"],
  ] as const)("closed %s", (_, replies, kind) => {
    const peer = new Harness();
    peer.hears(`220 x|250 x|${replies}`);
    peer.session.closed();
    expect(peer.results).toEqual([{ kind }]);
    expect(peer.ends).toEqual(["closed by the peer"]);
  });

  test.each(["hello|", "220 x|250 x|250 ok|250 ok|250 ok|354 go|250 ok|221 a|250 b|"])(
    "a reply that is none, or not due: %s",
    (replies) => {
      const peer = new Harness();
      peer.hears(replies);
      expect(peer.isDestroyed).toBe(true);
    },
  );

  test("waits for no reply longer than it is told to", () => {
    const peer = new Harness();
    expect(peer.session.deadline).toBe(1_000);
    peer.session.expired();
    peer.session.closed();
    expect(peer.ends).toEqual(["no reply to connect in time"]);
  });
});
