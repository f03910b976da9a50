import { describe, expect, test } from "bun:test";
import { type Verb, verbs } from "../command.ts";
import type { SessionState } from "./state.ts";
import type { ServerSettings } from "./step.ts";
import { verbTable } from "./verbs.ts";

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

const nothing = () => {};
const fresh: SessionState = {
  settings,
  helo: undefined,
  isTls: false,
  user: undefined,
  transaction: undefined,
  sasl: undefined,
  pending: 0,
  say: nothing,
  refuse: nothing,
  ask: nothing,
  readData: nothing,
  leave: nothing,
};
const greeted: SessionState = { ...fresh, helo: { name: "client.example", isExtended: true } };
const oldGreeted: SessionState = { ...fresh, helo: { name: "client.example", isExtended: false } };
const begun: SessionState = {
  ...greeted,
  transaction: { reversePath: null, parameters: { body: "7bit", smtpUtf8: false }, recipients: [] },
};
const secure: SessionState = { ...greeted, isTls: true, user: "alice" };

const needsArgument: readonly Verb[] = ["EHLO", "HELO", "VRFY"];
const argumentOf = (verb: Verb) => (needsArgument.includes(verb) ? "client.example" : "");

describe("verbTable: RFC 5321 §4.1.4, what is allowed when", () => {
  const any = ["EHLO", "HELO", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP"];
  const states: [string, SessionState, string[]][] = [
    ["before EHLO", fresh, [...any, "STARTTLS"]],
    ["behind HELO", oldGreeted, [...any, "STARTTLS", "MAIL"]],
    ["behind EHLO", greeted, [...any, "STARTTLS", "MAIL", "AUTH"]],
    ["behind MAIL", begun, [...any, "RCPT"]],
    ["under TLS, authenticated", secure, [...any, "MAIL"]],
    [
      "when TLS is required",
      { ...greeted, settings: { ...settings, requiresTls: true } },
      [...any, "STARTTLS", "AUTH"],
    ],
    [
      "when AUTH is required",
      { ...greeted, settings: { ...settings, requiresAuth: true } },
      [...any, "STARTTLS", "AUTH"],
    ],
  ];
  test.each(states)("%s", (_, state, allowed) => {
    const found = verbs.filter(
      (verb) => verbTable[verb].check(state, argumentOf(verb)) === undefined,
    );
    expect<string[]>(found.sort()).toEqual(allowed.sort());
  });
});
