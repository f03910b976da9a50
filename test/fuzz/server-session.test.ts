/**
 * However a client's bytes are cut and however late the driver answers, a session says the same.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeReply, reply } from "#lib/smtp/reply";
import { ServerSession } from "#lib/smtp/server/session";
import type { ServerAnswer, ServerSettings, ServerStep } from "#lib/smtp/server/step";
import { fuzzing } from "../support/fuzz.ts";
import { defaultLimits, defaultSettings } from "../support/server/script.ts";

const encoder = new TextEncoder();

const settings: ServerSettings = {
  ...defaultSettings,
  auth: "always",
  limits: {
    ...defaultLimits,
    messageSizeMax: 200,
    recipientsMax: 3,
    commandLineMax: 80,
    authLineMax: 120,
    contentLineMax: 60,
    errorsSoftMax: 4,
    errorsHardMax: 8,
    receivedFieldsMax: 2,
  },
};

const line = fc.oneof(
  fc.constantFrom("EHLO c.example", "HELO c.example", "RSET", "NOOP", "QUIT", "HELP", "VRFY x"),
  fc.constantFrom(
    "MAIL FROM:<a@c.example>",
    "MAIL FROM:<>",
    "mail from:<bad",
    "MAIL FROM:<no@c.example>",
  ),
  fc.constantFrom("RCPT TO:<b@l.example>", "RCPT TO:<no@l.example>", "RCPT TO:<ü@l.example>"),
  fc.constantFrom(
    "DATA",
    ".",
    "",
    "..",
    "Received: x",
    "Subject: y",
    "y".repeat(70),
    "z".repeat(90),
  ),
  fc.constantFrom(
    "AUTH PLAIN",
    "AUTH LOGIN",
    "AUTH PLAIN AGEAYg==",
    "AGEAYg==",
    "*",
    "q".repeat(130),
  ),
  fc.constantFrom("bare\nLF", "bare\rCR", "nul\0", "\r", "\n"),
);

/** A client that knows what it does, up to a point. */
const goodStart = fc.constantFrom(
  [],
  ["EHLO c.example"],
  ["EHLO c.example", "MAIL FROM:<a@c.example>", "RCPT TO:<b@l.example>"],
  ["EHLO c.example", "MAIL FROM:<a@c.example>", "RCPT TO:<b@l.example>", "DATA"],
);

const dialogue = fc.tuple(goodStart, fc.array(line, { maxLength: 25 })).map(([start, more]) => {
  return [...start, ...more].map((text) => `${text}\r\n`).join("");
});

/** How a dialogue is cut, and how many pieces later the driver answers. */
const course = fc.array(
  fc.record({ length: fc.integer({ min: 1, max: 40 }), isLate: fc.boolean() }),
  {
    minLength: 1,
    maxLength: 40,
  },
);
type Course = readonly { readonly length: number; readonly isLate: boolean }[];

class Driver {
  readonly session = new ServerSession(settings);
  /** Everything that went out, and what was accepted. */
  readonly log: string[] = [];
  #question: ServerStep | undefined;

  run(dialogueText: string, { course: steps }: { readonly course: Course }): string[] {
    this.take(this.session.greet());
    const bytes = encoder.encode(dialogueText);
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const { length, isLate } = steps[i % steps.length] ?? { length: 1, isLate: false };
      const piece = bytes.slice(at, at + length);
      this.take(this.session.receive(piece));
      piece.fill(0x2e);
      if (!isLate) this.answerAll();
      at += length;
    }
    this.answerAll();
    return this.log;
  }

  take(steps: readonly ServerStep[]): void {
    for (const step of steps) {
      expect(this.#question).toBeUndefined();
      expect(this.log.at(-1)).not.toBe("close");
      if (step.kind === "reply") this.log.push(encodeReply(step.reply));
      else if (step.kind === "close") this.log.push("close");
      else this.#question = step;
    }
    expect(this.session.isWaiting).toBe(this.#question !== undefined);
  }

  answerAll(): void {
    while (this.#question !== undefined) {
      const question = this.#question;
      this.#question = undefined;
      this.take(this.session.answer(this.#answerTo(question)));
    }
  }

  #answerTo(question: ServerStep): ServerAnswer {
    this.log.push(JSON.stringify(question));
    switch (question.kind) {
      case "admitMail":
        return question.reversePath?.localPart === "no" ? no : { kind: "admitted" };
      case "admitRecipient":
        return "localPart" in question.forwardPath && question.forwardPath.localPart === "no"
          ? no
          : { kind: "admitted" };
      case "acceptMessage":
        expect(question.transaction.recipients.length).toBeGreaterThan(0);
        expect(question.content.length).toBeLessThanOrEqual(settings.limits.messageSizeMax);
        return { kind: "accepted", queueId: "Q" };
      case "authenticate":
        return { kind: "authenticated" };
      default:
        return { kind: "resumed" };
    }
  }
}

const no: ServerAnswer = { kind: "refused", reply: reply(550, "5.7.1", "No") };
const whole: Course = [{ length: 1_000_000, isLate: false }];

describe("ServerSession", () => {
  test("does the same at any cuts and with late answers", () => {
    fc.assert(
      fc.property(dialogue, course, (text, cut) => {
        const expected = new Driver().run(text, { course: whole });
        expect(new Driver().run(text, { course: cut })).toEqual(expected);
      }),
      fuzzing(2_000),
    );
  });

  test("says nothing but well-formed replies, whatever it hears", () => {
    const anything = fc.oneof(dialogue, fc.string({ unit: "binary", maxLength: 400 }));
    fc.assert(
      fc.property(anything, course, (text, cut) => {
        for (const said of new Driver().run(text, { course: cut })) {
          if (said === "close" || said.startsWith("{")) continue;
          expect(said).toMatch(/^(?:[2345][0-5][0-9][ -][ -~]{0,500}\r\n)+$/);
        }
      }),
      fuzzing(1_000),
    );
  });

  test("a message is taken only behind MAIL, RCPT, DATA that were not refused", () => {
    fc.assert(
      fc.property(dialogue, (text) => {
        const log = new Driver().run(text, { course: whole });
        const accepted = log.filter((entry) => entry.includes("queued as")).length;
        const begun = log.filter((entry) => entry.startsWith("354 ")).length;
        expect(accepted).toBeLessThanOrEqual(begun);
      }),
      fuzzing(),
    );
  });
});
