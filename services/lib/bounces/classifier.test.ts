import { describe, expect, test } from "bun:test";
import { classifier } from "./classifier.ts";
import { readRules } from "./rules.ts";
import { shippedClassifier } from "./shipped-rules.ts";

const rules = readRules(`
providers:
  big: { hosts: [big.example, mail.big.example] }
rules:
  - { name: big-no-user, provider: big, pattern: "no such user", class: bad-mailbox, replies: [x] }
  - { name: listed, pattern: "blocklist", class: spam-block, overrules: true, replies: [x] }
  - { name: full, pattern: "full", class: quota, replies: [x] }
  - { name: later, pattern: "full|later", class: policy, replies: [x] }
`);
if ("faults" in rules) throw new Error(rules.faults.join("; "));
const classify = classifier(rules.rules);

describe("the order", () => {
  test.each([
    [
      "a provider's rule beats a precise status",
      "5.4.4",
      "no such user",
      "bad-mailbox",
      "big-no-user",
    ],
    ["so does a rule that overrules", "5.1.1", "on a blocklist", "spam-block", "listed"],
    ["a precise status beats other rules", "5.1.1", "mailbox full", "bad-mailbox", "status 5.1.1"],
    ["a rule beats a vague status", "5.7.1", "mailbox full", "quota", "full"],
    ["the first rule counts", "5.0.0", "full, later", "quota", "full"],
    ["the vague status is better than nothing", "5.7.1", "no", "policy", "status 5.7.1"],
  ])("%s", (_, status, text, expected, rule) => {
    const told = classify({ code: 550, status, text, remote: "mx1.big.example[192.0.2.1]" });
    expect(told).toEqual({ class: expected, rule } as typeof told);
  });

  test("a provider's rule is not for others", () => {
    const text = "no such user";
    expect(classify({ status: "5.4.4", text, remote: "big.example.net" }).class).toBe("routing");
    expect(classify({ status: "5.4.4", text, remote: "notbig.example" }).class).toBe("routing");
    expect(classify({ status: "5.4.4", text }).class).toBe("routing");
    expect(classify({ status: "5.4.4", text, provider: "big" }).class).toBe("bad-mailbox");
    expect(classify({ status: "5.4.4", text, remote: "MX.Mail.BIG.example." }).rule).toBe(
      "big-no-user",
    );
  });

  test.each([
    [552, "quota", "code 552"],
    [501, "protocol", "code 501"],
    [550, "unknown", "none"],
    [599, "unknown", "none"],
    [undefined, "unknown", "none"],
  ] as const)("without words and status the code %p says %s", (code, expected, rule) => {
    const known = code === undefined ? {} : { code };
    expect(classify({ ...known, status: "5.0.0", text: "no" })).toEqual({ class: expected, rule });
  });
});

describe("what is no reply", () => {
  test.each([25, 999, 0, -550, 55, 5_500, 550.5, Number.NaN, 1e21])("code %p", (code) => {
    expect(classify({ code, status: "5.0.0", text: "?" })).toEqual({
      class: "protocol",
      rule: "none",
    });
    expect(classify({ code, status: "5.1.1", text: "?" }).class).toBe("bad-mailbox");
  });

  test.each(["", "5", "5.1", "9.1.1", "5.1.1.1", "5.1111.1", "x", "5.999.999", "2.1.1"])(
    "status %p",
    (status) => {
      expect(classify({ code: 550, status, text: "?" }).class).toBe("unknown");
    },
  );

  test("a text of ten megabytes is looked at as far as its beginning", () => {
    const text = `mailbox full ${"a".repeat(10_000_000)}`;
    expect(classify({ code: 550, status: "5.0.0", text }).class).toBe("quota");
    const late = `${"a ".repeat(5_000_000)} mailbox full`;
    expect(classify({ code: 550, status: "5.0.0", text: late }).class).toBe("unknown");
  });

  test("control characters and broken text hide nothing", () => {
    const text = "mail\ud800box is\u0000 \u001b[2Jfull\r\n\u202e";
    expect(classify({ code: 550, status: "5.0.0", text }).rule).toBe("full");
  });
});

describe("with the shipped rules", () => {
  const shipped = shippedClassifier();

  test.each([
    [
      "a page about spam says nothing of spam",
      550,
      "5.1.1",
      "User unknown, see http://x.example/spam",
      "bad-mailbox",
    ],
    [
      "a blocklist is no bad mailbox",
      550,
      "5.1.1",
      "rejected, 192.0.2.1 is in zen.spamhaus.org",
      "spam-block",
    ],
    [
      "our own: null MX",
      undefined,
      "5.1.10",
      "the domain accepts no mail (null MX, RFC 7505)",
      "bad-domain",
    ],
    ["our own: no domain", undefined, "5.1.2", "the domain does not exist", "bad-domain"],
    [
      "our own: loop",
      undefined,
      "5.4.6",
      "the best mail exchanger of the domain is this host",
      "routing",
    ],
    ["our own: no SMTPUTF8", undefined, "5.6.7", "the next hop lacks SMTPUTF8", "protocol"],
    ["several lines with their status", 550, "5.7.1", "5.7.1 mailbox 5.7.1 is full", "quota"],
    [
      "a message that was refused is no bad mailbox",
      554,
      "5.7.1",
      "Your message to this user was rejected. Contact the administrator",
      "policy",
    ],
    [
      "nor is one whose next sentence is about something else",
      554,
      "5.7.1",
      "Mail from your account is too big. The size you asked for is invalid",
      "policy",
    ],
    ["nothing at all", 550, "5.0.0", "", "unknown"],
    ["nonsense", 554, "5.0.0", "computer says no", "unknown"],
  ] as const)("%s", (_, code, status, text, expected) => {
    const known = code === undefined ? {} : { code };
    expect(shipped({ ...known, status, text }).class).toBe(expected);
  });
});

/** On a backtracking engine each of these takes longer than there is: that it ends is the test. */
describe("a bounce", () => {
  const exploding = ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){12}$", "…a…a…a…a…b$"];

  test("is classified by patterns that others' engines explode on, and ends", () => {
    const written = exploding.map(
      (pattern, n) => `- { name: r${n}, pattern: "${pattern}", class: policy, replies: [x] }`,
    );
    const read = readRules(`rules:\n  ${written.join("\n  ")}`);
    if ("faults" in read) throw new Error(read.faults.join("; "));
    const slow = classifier(read.rules);
    for (let n = 0; n < 100; n++) {
      const text = `${"a".repeat(900)}!${n}!${"!".repeat(200_000)}`;
      expect(slow({ status: "5.0.0", text }).rule).not.toStartWith("r");
    }
  }, 10_000);

  test("of 200,000 characters goes through the shipped rules", () => {
    const text = "user mailbox blocked quota ".repeat(8_000);
    for (let n = 0; n < 100; n++) {
      expect(shippedClassifier()({ status: "5.0.0", text: `${n} ${text}` }).class).toBeString();
    }
  }, 10_000);
});
