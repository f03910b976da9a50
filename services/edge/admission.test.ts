import { describe, expect, test } from "bun:test";
import { parseForwardPath } from "#lib/smtp/path";
import { Admission, type Standing } from "./admission.ts";
import { listenerDefaults } from "./config.ts";

const stranger: Standing = { isAuthenticated: false, isTrusted: false };
const user: Standing = { isAuthenticated: true, isTrusted: false };
const neighbour: Standing = { isAuthenticated: false, isTrusted: true };

const inbound = new Admission({
  ...listenerDefaults("inbound"),
  localDomains: ["example.net", "*.Example.ORG"],
});
const submission = new Admission({
  ...listenerDefaults("submission"),
  trustedNetworks: ["127.0.0.0/8", "2001:db8::/32"],
});

function verdictOn(admission: Admission, path: string, standing: Standing): string {
  const parsed = parseForwardPath(path);
  if (!parsed.ok) throw new Error(`no path: ${path}`);
  const verdict = admission.admitRecipient(parsed.path, standing);
  return verdict === "admitted" ? verdict : `${verdict.code} ${verdict.status}`;
}

describe("an inbound listener", () => {
  test.each([
    ["takes mail for a local domain", "<a@example.net>", stranger, "admitted"],
    ["takes it whatever the case", "<a@EXAMPLE.net>", stranger, "admitted"],
    ["takes mail below a wildcard", "<a@b.example.org>", stranger, "admitted"],
    ["takes mail far below a wildcard", "<a@c.b.example.org>", stranger, "admitted"],
    ["takes no mail for the wildcard's own domain", "<a@example.org>", stranger, "550 5.7.1"],
    ["takes no mail below a plain domain", "<a@b.example.net>", stranger, "550 5.7.1"],
    [
      "takes no mail for a domain that only ends alike",
      "<a@evilexample.net>",
      stranger,
      "550 5.7.1",
    ],
    ["takes no mail for others", "<a@example.com>", stranger, "550 5.7.1"],
    ["takes no mail for others from a user either", "<a@example.com>", user, "550 5.7.1"],
    ["takes no mail for others from a neighbour either", "<a@example.com>", neighbour, "550 5.7.1"],
    ["takes no mail for an address literal", "<a@[192.0.2.1]>", stranger, "550 5.7.1"],
    [
      "takes no percent hack for a user of its own to pass on",
      "<a%b@example.com>",
      stranger,
      "550 5.7.1",
    ],
    [
      "takes no source route for an address of its own",
      "<@example.net:a@example.com>",
      stranger,
      "550 5.7.1",
    ],
    ["takes mail for <Postmaster>", "<Postmaster>", stranger, "admitted"],
    ["takes mail for a local postmaster", "<postmaster@example.net>", stranger, "admitted"],
    ["takes no mail for others' postmaster", "<postmaster@example.com>", stranger, "550 5.7.1"],
  ])("%s", (_, path, standing, verdict) => {
    expect(verdictOn(inbound, path, standing)).toBe(verdict);
  });
});

describe("a submission listener", () => {
  test.each([
    ["takes a user's mail to anybody", "<a@example.com>", user, "admitted"],
    ["takes a neighbour's mail to anybody", "<a@example.com>", neighbour, "admitted"],
    ["takes nothing from strangers", "<a@example.com>", stranger, "530 5.7.0"],
    ["takes nothing for <Postmaster> from strangers", "<Postmaster>", stranger, "530 5.7.0"],
  ])("%s", (_, path, standing, verdict) => {
    expect(verdictOn(submission, path, standing)).toBe(verdict);
  });

  test("says 554 where there is no AUTH to be had", () => {
    const admission = new Admission({ ...listenerDefaults("submission"), auth: "never" });
    expect(admission.admitMail(stranger)).toMatchObject({ code: 554, status: "5.7.1" });
  });

  test.each([
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::ffff:127.0.0.1", true],
    ["128.0.0.1", false],
    ["2001:db8::1", true],
    ["2001:db9::1", false],
    ["::1", false],
  ])("of the address %s: trusted is %p", (address, isTrusted) => {
    expect(submission.isTrusted(address)).toBe(isTrusted);
  });
});

test("Admission refuses a network that is none", () => {
  const config = { ...listenerDefaults("submission"), trustedNetworks: ["127.0.0.1/99"] };
  expect(() => new Admission(config)).toThrow('Cannot parse network "127.0.0.1/99"');
});
