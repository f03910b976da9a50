import { describe, expect, test } from "bun:test";
import { addressLiteral, protocolName, receivedField, type TraceStamp } from "./trace-field.ts";

const stamp = {
  helo: "client.example",
  clientAddress: "192.0.2.1",
  hostname: "mta1.example.net",
  protocol: { isExtended: true, isTls: false, isAuthenticated: false, isSmtpUtf8: false },
  queueId: "01JDEXAMPLE",
  at: 1_795_530_657_000,
} satisfies TraceStamp;

describe("receivedField()", () => {
  test("names client, host, protocol, queue id and time", () => {
    expect(receivedField(stamp)).toBe(
      "Received: from client.example ([192.0.2.1])\r\n" +
        "\tby mta1.example.net with ESMTP id 01JDEXAMPLE;\r\n" +
        "\tTue, 24 Nov 2026 14:30:57 +0000\r\n",
    );
  });

  test("says how it was protected and for whom when there is one recipient", () => {
    const field = receivedField({
      ...stamp,
      clientAddress: "2001:db8::1",
      protocol: { ...stamp.protocol, isTls: true, isAuthenticated: true },
      tls: { protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" },
      forPath: "b@example.com",
    });
    expect(field).toBe(
      "Received: from client.example ([IPv6:2001:db8::1])\r\n" +
        "\t(TLSv1.3 TLS_AES_128_GCM_SHA256)\r\n" +
        "\tby mta1.example.net with ESMTPSA id 01JDEXAMPLE\r\n" +
        "\tfor <b@example.com>;\r\n" +
        "\tTue, 24 Nov 2026 14:30:57 +0000\r\n",
    );
  });

  test.each([
    ["closes no comment", "x) by evil (", "from x??by?evil?? ("],
    ["begins no line", "x\r\nBcc: y", "from x??Bcc:?y ("],
    ["may be a literal", "[IPv6:::1]", "from [IPv6:::1] ("],
    ["must be ASCII (RFC 6531 §3.7.1)", "münchen.example", "from m?nchen.example ("],
    ["may be missing", "", "from [192.0.2.1] ("],
  ])("the client's name %s", (_, helo, expected) => {
    expect(receivedField({ ...stamp, helo })).toContain(expected);
  });

  test("names HTTP where it came that way, and its client by the address alone", () => {
    expect(receivedField({ ...stamp, helo: "", protocol: "HTTPS" })).toStartWith(
      "Received: from [192.0.2.1] ([192.0.2.1])\r\n\tby mta1.example.net with HTTPS id ",
    );
  });

  test("no line is longer than RFC 5322 §2.1.1 allows, whatever the peer says", () => {
    const field = receivedField({
      ...stamp,
      helo: "h".repeat(2_000),
      forPath: `${"l".repeat(64)}@${"d".repeat(255)}`,
    });
    for (const line of field.split("\r\n")) expect(line.length).toBeLessThan(998);
  });
});

test.each([
  ["SMTP", false, false, false, false],
  ["ESMTP", true, false, false, false],
  ["ESMTPS", true, true, false, false],
  ["ESMTPA", true, false, true, false],
  ["ESMTPSA", true, true, true, false],
  ["UTF8SMTP", true, false, false, true],
  ["UTF8SMTPS", true, true, false, true],
  ["UTF8SMTPA", true, false, true, true],
  ["UTF8SMTPSA", true, true, true, true],
  ["ESMTPS", false, true, false, false],
])("protocolName() gives %s", (name, isExtended, isTls, isAuthenticated, isSmtpUtf8) => {
  expect(protocolName({ isExtended, isTls, isAuthenticated, isSmtpUtf8 })).toBe(name);
});

test("addressLiteral() tags IPv6", () => {
  expect(addressLiteral("192.0.2.1")).toBe("[192.0.2.1]");
  expect(addressLiteral("::1")).toBe("[IPv6:::1]");
});
