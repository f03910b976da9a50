import { describe, expect, test } from "bun:test";
import { Dialogue } from "./dialogue.ts";
import { replies } from "./replies.ts";
import type { ServerSettings } from "./step.ts";

function dialogueWith(limits: Partial<ServerSettings["limits"]>): Dialogue {
  return new Dialogue({
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
      errorsSoftMax: 10,
      errorsHardMax: 20,
      errorDelayMs: 50,
      receivedFieldsMax: 5,
      pipelinedBytesMax: 100,
      ...limits,
    },
  });
}

const wrong = { kind: "reply", reply: replies.unknownVerb } as const;

describe("Dialogue", () => {
  test("steps are taken once", () => {
    const dialogue = dialogueWith({});
    dialogue.say(replies.ok);
    expect(dialogue.takeSteps()).toEqual([{ kind: "reply", reply: replies.ok }]);
    expect(dialogue.takeSteps()).toEqual([]);
  });

  test("errors up to the soft limit are told at once, those beyond it after a pause", () => {
    const dialogue = dialogueWith({ errorsSoftMax: 1 });
    dialogue.refuse(replies.unknownVerb);
    expect(dialogue.takeSteps()).toEqual([wrong]);
    dialogue.refuse(replies.unknownVerb);
    expect(dialogue.takeSteps()).toEqual([{ kind: "pause", delayMs: 50 }]);
    dialogue.answered();
    dialogue.resume();
    expect(dialogue.takeSteps()).toEqual([wrong]);
  });

  test("without a delay there is no pause", () => {
    const dialogue = dialogueWith({ errorsSoftMax: 0, errorDelayMs: 0 });
    dialogue.refuse(replies.unknownVerb);
    expect(dialogue.takeSteps()).toEqual([wrong]);
  });

  test("the error at the hard limit is the last", () => {
    const dialogue = dialogueWith({ errorsHardMax: 1 });
    dialogue.refuse(replies.unknownVerb);
    expect(dialogue.takeSteps()).toEqual([
      wrong,
      { kind: "reply", reply: replies.tooManyErrors },
      { kind: "close" },
    ]);
    expect(dialogue.isClosed).toBe(true);
  });

  test("one question at a time", () => {
    const dialogue = dialogueWith({});
    dialogue.ask({ kind: "startTls" });
    expect(() => dialogue.ask({ kind: "startTls" })).toThrow("one question at a time");
    expect(dialogue.isIdle).toBe(false);
    dialogue.answered();
    expect(dialogue.isIdle).toBe(true);
  });

  test("RFC 3207 §4.2: a handshake leaves nothing of what was said before", () => {
    const dialogue = dialogueWith({});
    dialogue.helo = { name: "client.example", isExtended: true };
    dialogue.user = "alice";
    dialogue.lines.push(new TextEncoder().encode("MAIL"));
    dialogue.secured();
    const { helo, user, transaction, pending, isTls } = dialogue;
    expect<unknown>({ helo, user, transaction, pending, isTls }).toEqual({
      helo: undefined,
      user: undefined,
      transaction: undefined,
      pending: 0,
      isTls: true,
    });
  });
});
