/**
 * No way through the whole edge makes an open relay: what is taken is for a destination of ours.
 */
import { describe, expect, test } from "bun:test";
import {
  edgeConfig,
  inboundListener,
  submissionListener,
} from "../../test/support/edge/edge-config.ts";
import { MemoryEdge } from "../../test/support/edge/memory-edge.ts";

const listeners = [
  inboundListener(),
  submissionListener({ trustedNetworks: ["203.0.113.0/24", "2001:db8:1::/48"] }),
];

/** The reply to RCPT and, when it was taken, what the message was queued for. */
async function sent(path: string, options: { name?: string; from?: string } = {}) {
  const edge = await MemoryEdge.start(edgeConfig({ listeners }));
  const client = await edge.client(options);
  const [mail = ""] = await client.codes("MAIL FROM:<spammer@evil.example>");
  if (!mail.startsWith("250")) return mail;
  const [code = ""] = await client.codes(`RCPT TO:${path}`);
  if (!code.startsWith("250")) return code;
  expect(await client.codes("DATA", "Subject: x", "", "x", ".")).toEqual(["354", "250 2.0.0"]);
  const units = edge.intake.accepted.flatMap((message) => message.units);
  return units.map((unit) => `${unit.recipients.map((r) => r.path)} to ${unit.destination}`).join();
}

describe("a stranger's mail at an inbound listener", () => {
  test.each([
    ["for a user of ours is queued", "<b@local.example>", "b@local.example to local.example"],
    ["for a user of ours in capitals", "<B@LOCAL.example>", "B@local.example to local.example"],
    ["for others", "<a@victim.example>", "550 5.7.1"],
    ["for a domain below ours", "<a@x.local.example>", "550 5.7.1"],
    ["for a domain that begins with ours", "<a@local.example.victim.example>", "550 5.7.1"],
    ["with a percent hack to others", "<a%local.example@victim.example>", "550 5.7.1"],
    [
      "with a percent hack at ours: it is a local part and no more",
      "<a%victim.example@local.example>",
      "a%victim.example@local.example to local.example",
    ],
    [
      "with a bang path at ours: it is a local part and no more",
      "<victim.example!a@local.example>",
      "victim.example!a@local.example to local.example",
    ],
    ["with a bang path alone", "<victim.example!a>", "501 5.1.3"],
    [
      "with an address in a quoted local part: it is a local part and no more",
      '<"a@victim.example"@local.example>',
      '"a@victim.example"@local.example to local.example',
    ],
    ["with ours in a quoted local part", '<"a@local.example"@victim.example>', "550 5.7.1"],
    ["with two domains", "<a@victim.example@local.example>", "501 5.1.3"],
    ["with a source route through us", "<@local.example:a@victim.example>", "550 5.7.1"],
    [
      "with a source route through others: the route is ignored",
      "<@victim.example:b@local.example>",
      "b@local.example to local.example",
    ],
    ["for an address literal", "<a@[192.0.2.1]>", "550 5.7.1"],
    ["for our own address as a literal", "<a@[192.0.2.25]>", "550 5.7.1"],
    ["for an IPv6 literal", "<a@[IPv6:2001:db8::1]>", "550 5.7.1"],
    ["for a number that is an address", "<a@3221225985>", "550 5.7.1"],
    ["for no domain at all", "<a>", "501 5.1.3"],
    ["for nobody", "<>", "501 5.1.3"],
    ["for a domain with a dot behind it", "<a@local.example.>", "501 5.1.3"],
    ["for a domain with a NUL in it", "<a@local.example\0.victim.example>", "500 5.5.2"],
    ["without angle brackets", "a@victim.example", "501 5.1.3"],
    ["with blanks in the path", "<a@local.example a@victim.example>", "501 5.1.3"],
    ["with a second path behind it", "<b@local.example><a@victim.example>", "501 5.5.4"],
  ])("%s: %p", async (_, path, expected) => {
    expect(await sent(path)).toBe(expected);
  });

  test("a trusted host is a stranger there, too", async () => {
    expect(await sent("<a@victim.example>", { from: "203.0.113.9" })).toBe("550 5.7.1");
  });
});

describe("at a submission listener", () => {
  test.each([
    ["203.0.113.9", "a@else.example to else.example"],
    ["::ffff:203.0.113.9", "a@else.example to else.example"],
    ["2001:db8:1::7", "a@else.example to else.example"],
    ["203.0.114.9", "530 5.7.0"],
    ["::ffff:203.0.114.9", "530 5.7.0"],
    ["2001:db8:2::7", "530 5.7.0"],
    ["::203.0.113.9", "530 5.7.0"],
    ["127.0.0.1", "530 5.7.0"],
  ])("mail from %s gets %p", async (from, expected) => {
    expect(await sent("<a@else.example>", { name: "submission", from })).toBe(expected);
  });

  test("AUTH is refused in clear: 538 5.7.11, and the password is not looked at", async () => {
    const edge = await MemoryEdge.start(
      edgeConfig({ listeners, users: [{ name: "alice", passwordHash: "wonderland" }] }),
    );
    const client = await edge.client({ name: "submission", from: "198.51.100.7" });
    const word = Buffer.from("\0alice\0wonderland").toString("base64");
    expect(await client.codes(`AUTH PLAIN ${word}`)).toEqual(["538 5.7.11"]);
    expect(await client.codes("MAIL FROM:<a@client.example>")).toEqual(["530 5.7.0"]);
  });
});
