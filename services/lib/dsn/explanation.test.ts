import { expect, test } from "bun:test";
import { type Explanation, explanationText } from "./explanation.ts";

const explanation: Explanation = {
  action: "failed",
  reportingMta: "mta1.example.net",
  arrivalDate: 0,
  recipients: [{ path: "bob@example.com", status: "5.1.1" }],
  returnsFullContent: false,
};

test.each([
  ["failed", "could not be delivered"],
  ["delayed", "need not send it again"],
  ["delivered", "was delivered"],
  ["relayed", "handed to the next mail system"],
] as const)("explanationText() of %s says so in plain words", (action, words) => {
  const text = explanationText({ ...explanation, action });
  expect(text.replaceAll("\r\n", " ")).toContain(words);
});

test("explanationText() quotes who said what, and what can be done", () => {
  const text = explanationText({
    ...explanation,
    recipients: [
      {
        path: "bob@example.com",
        status: "5.2.2",
        remoteMta: "mx1.example.com",
        diagnosticCode: { type: "smtp", text: "552 5.2.2 over quota" },
      },
    ],
  });
  expect(text).toContain("The mail server mx1.example.com answered: 552 5.2.2 over quota");
  expect(text).toContain("The mailbox is full.");
});

test("explanationText() tells when nobody answered", () => {
  const text = explanationText({
    ...explanation,
    recipients: [
      {
        path: "bob@example.com",
        status: "4.4.1",
        remoteMta: "mx1.example.com",
        diagnosticCode: { type: "x-godwit", text: "connection refused" },
      },
    ],
  });
  expect(text).toContain("What went wrong: connection refused (tried: mx1.example.com)");
});

test("explanationText() says what goes back", () => {
  const full = explanationText({ ...explanation, returnsFullContent: true });
  expect(full.replaceAll("\r\n", " ")).toContain("and your message.");
  expect(explanationText(explanation).replaceAll("\r\n", " ")).toContain(
    "and the header of your message.",
  );
});
