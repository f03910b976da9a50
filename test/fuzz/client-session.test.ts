/**
 * Whatever a server says and whenever the connection breaks, each recipient is settled once, and
 * truly.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ClientSession } from "#lib/smtp/client/session";
import type {
  ClientSettings,
  ClientStep,
  ClientTransaction,
  WaitingFor,
} from "#lib/smtp/client/step";
import type { PathText } from "#lib/smtp/path";
import { fuzzing } from "../support/fuzz.ts";

const encoder = new TextEncoder();

const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("250 2.0.0 Ok", "354 Go on", "220 server.example", "250-x"),
  },
  { weight: 4, arbitrary: fc.constantFrom("550 5.1.1 No", "450 4.2.1 Later", "503 5.5.1 No") },
  fc.constantFrom("421 4.3.2 Bye", "571 No", "250", "", "garbage", "999 x", "250 a\rb"),
  fc.constantFrom(
    "250-s\r\n250-PIPELINING\r\n250 DSN",
    "250-s\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 SIZE 100",
    "250-s\r\n250-8BITMIME\r\n250 SMTPUTF8",
  ),
);

/** What a server says that does what it should. */
const goodReply: Readonly<Partial<Record<WaitingFor, string>>> = {
  greeting: "220 s",
  ehlo: "250-s\r\n250-PIPELINING\r\n250 8BITMIME",
  starttls: "220 Go on",
  dataInitiation: "354 Go on",
};

/** What happens to a session, one thing after the other. */
const event = fc.oneof(
  { weight: 25, arbitrary: fc.constant("!good") },
  { weight: 12, arbitrary: line.map((text) => `${text}\r\n`) },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 6, arbitrary: fc.constant("!follow") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("!lost", "!timeout", "!quit", "!unsent", "!sent", "!withdraw"),
  },
);

const settings: fc.Arbitrary<ClientSettings> = fc.record({
  hostname: fc.constant("client.example"),
  protocol: fc.constantFrom("smtp" as const, "lmtp" as const),
  tls: fc.constantFrom("never" as const, "opportunistic" as const, "required" as const),
});

const path = fc.constantFrom("b@s.example", "c@s.example", "ü@s.example") as fc.Arbitrary<PathText>;

const transaction: fc.Arbitrary<ClientTransaction> = fc.record({
  reversePath: fc.constantFrom("", "a@c.example") as fc.Arbitrary<PathText>,
  body: fc.constantFrom("7bit" as const, "8bitmime" as const),
  smtpUtf8: fc.boolean(),
  recipients: fc.array(fc.record({ path }), { minLength: 1, maxLength: 4 }),
  content: fc
    .constantFrom("x\r\n", "ü\r\n", ".\r\n.\r\n", "y".repeat(200))
    .map((t) => encoder.encode(t)),
  contentLineMax: fc.constantFrom(0, 100),
});

interface Running {
  readonly count: number;
  readonly settled: Set<number>;
}

/** An owner who does all that an owner may do, and checks what he is told. */
class Owner {
  readonly session: ClientSession;
  readonly log: string[] = [];
  readonly #transactions: ClientTransaction[];
  readonly #canShakeHands: boolean;
  #running: Running | undefined;
  /** What follows it. */
  #next: Running | undefined;
  #isReady = false;
  #isOver = false;
  #dots = 0;

  constructor(
    asked: ClientSettings,
    transactions: readonly ClientTransaction[],
    canShakeHands: boolean,
  ) {
    this.#canShakeHands = canShakeHands;
    this.session = new ClientSession(asked);
    this.#transactions = [...transactions];
    this.take(this.session.start());
  }

  happen(what: string): void {
    if (what === "!lost") this.take(this.session.connectionLost("lost"));
    else if (what === "!timeout") this.take(this.session.timedOut());
    else if (what === "!good") {
      const { waitingFor } = this.session;
      if (waitingFor !== "nothing") this.happen(`${goodReply[waitingFor] ?? "250 Ok"}\r\n`);
    } else if (what === "!unsent") this.session.unsent(5);
    else if (what === "!sent") this.session.unsent(0);
    else if (what === "!follow") this.#follow();
    else if (what === "!withdraw") this.#withdraw();
    else if (what !== "!quit") this.hear(encoder.encode(what));
    else if (this.#running === undefined) {
      this.#isReady = false;
      this.take(this.session.quit());
    }
  }

  hear(bytes: Uint8Array): void {
    const piece = bytes.slice();
    const steps = this.session.receive(piece);
    piece.fill(0x32);
    this.take(steps);
  }

  /** Begins the next transaction, if it can. */
  goOn(): void {
    const next = this.#isReady ? this.#transactions.shift() : undefined;
    if (next === undefined) return;
    this.#isReady = false;
    this.#dots = 0;
    this.#running = runningOf(next);
    this.take(this.session.transact(next));
  }

  #follow(): void {
    const next = this.session.canFollow ? this.#transactions.shift() : undefined;
    if (next === undefined) return;
    // Only a final dot that waits for its reply is followed, and by one.
    expect([this.session.waitingFor, this.#next]).toEqual(["dataTermination", undefined]);
    this.#next = runningOf(next);
    this.take(this.session.follow(next));
  }

  #withdraw(): void {
    if (this.#next === undefined) return;
    this.#next = undefined;
    this.session.withdrawFollower();
  }

  take(steps: readonly ClientStep[]): void {
    for (const step of steps) {
      expect(this.#isOver).toBe(false);
      this.#step(step);
    }
    if (this.#isOver) expect(this.session.waitingFor).toBe("nothing");
    expect(this.session.waitingFor === "nothing").toBe(this.#isOver || this.#isReady);
  }

  #step(step: ClientStep): void {
    switch (step.kind) {
      case "send":
        if (endsInDot(step.bytes)) this.#dots += 1;
        this.log.push(Buffer.from(step.bytes).toString("latin1"));
        return;
      case "startTls":
        this.log.push("startTls");
        this.take(this.#canShakeHands ? this.session.tlsStarted() : this.session.tlsFailed("no"));
        return;
      case "ready":
        this.#isReady = true;
        this.log.push("ready");
        return;
      case "settle":
        this.#settle(step);
        return;
      case "transactionDone":
        expect(this.#running?.settled.size).toBe(this.#running?.count);
        this.#running = this.#next;
        this.#isReady = step.isReusable && this.#next === undefined;
        this.#next = undefined;
        // Its content had to wait for this moment: the next dot is its own.
        this.#dots = 0;
        this.log.push(`done ${step.isReusable}`);
        return;
      case "failed":
      case "closed":
        expect(this.#running).toBeUndefined();
        this.#isOver = true;
        this.#isReady = false;
        this.log.push(step.kind);
    }
  }

  #settle({ index, result }: ClientStep & { kind: "settle" }): void {
    expect(this.#running?.settled.has(index)).toBe(false);
    this.#running?.settled.add(index);
    const isDelivered = result.reply?.class === 2;
    // Nobody is delivered or in doubt without a final dot, and whoever is refused heard why.
    if (isDelivered || result.isInDoubt) {
      expect(this.#dots).toBe(1);
      expect(result.stage).toBe("dot");
    }
    if (result.stage === "local") expect(result.localStatus).toBeDefined();
    else expect(result.reply === undefined).toBe(result.reason !== undefined);
    expect(result.reply?.class).not.toBe(3);
    this.log.push(`${index} ${JSON.stringify(result)}`);
  }
}

function runningOf({ recipients }: ClientTransaction): Running {
  return { count: recipients.length, settled: new Set() };
}

function endsInDot(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).toString("latin1").endsWith(".\r\n") && bytes[0] !== 0x4d;
}

describe("ClientSession", () => {
  test("settles each recipient once, whatever happens", () => {
    fc.assert(
      fc.property(
        settings,
        fc.array(transaction, { maxLength: 4 }),
        fc.array(event, { maxLength: 40 }),
        fc.boolean(),
        (asked, transactions, events, canShakeHands) => {
          const owner = new Owner(asked, transactions, canShakeHands);
          for (const what of events) {
            owner.happen(what);
            owner.goOn();
          }
          owner.happen("!lost");
          expect(owner.session.waitingFor).toBe("nothing");
        },
      ),
      fuzzing(3_000),
    );
  });

  test("does the same at any segmentation of the replies to a transaction", () => {
    const offers = fc.constantFrom("250 s\r\n", "250-s\r\n250 PIPELINING\r\n");
    const start = fc.constantFrom("", "250 Ok\r\n", "250 Ok\r\n250 Ok\r\n354 Go on\r\n");
    const more = fc.array(line, { maxLength: 12 }).map((lines) => `${lines.join("\r\n")}\r\n`);
    const replies = fc.tuple(start, more).map((texts) => texts.join(""));
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        settings,
        offers,
        transaction,
        replies,
        sizes,
        (asked, offer, sent, text, cuts) => {
          const run = (lengths: readonly number[]) => {
            const owner = new Owner({ ...asked, tls: "never" }, [sent], true);
            owner.happen("220 s\r\n");
            owner.happen(offer);
            owner.goOn();
            const bytes = encoder.encode(text);
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const length = lengths[i % lengths.length] ?? 1;
              owner.hear(bytes.subarray(at, at + length));
              at += length;
            }
            return owner.log;
          };
          expect(run(cuts)).toEqual(run([text.length + 10]));
        },
      ),
      fuzzing(2_000),
    );
  });
});
