/** What a client is answered, and what of its mail is queued. */
import { describe, expect, test } from "bun:test";
import { HttpBench } from "../../../test/support/edge/http-bench.ts";

const from = "news@acme.example";
const letter = { from, subject: "Hello", text: "Hello" };
const toAnn = { ...letter, to: ["ann@one.example"] };

describe("one message for all of To, Cc and Bcc", () => {
  test("has one queue id, and nobody sees Bcc", async () => {
    const bench = new HttpBench();
    const { status, body } = await bench.post({
      ...letter,
      from: { address: from, name: "Acme" },
      to: [{ address: "ann@one.example", name: "Ann" }],
      cc: ["bob@two.example"],
      bcc: ["eve@one.example"],
      replyTo: ["help@acme.example"],
    });
    expect([status, body.accepted, body.refused]).toEqual([202, 3, 0]);
    const [message, ...others] = bench.intake.accepted;
    expect(others).toEqual([]);
    expect(body.recipients.map((it: { queueId: string }) => it.queueId)).toEqual(
      Array(3).fill(message?.id),
    );
    const units = message?.units.map(({ recipients }) => recipients.map(({ path }) => path));
    expect(units as unknown).toEqual([["ann@one.example", "eve@one.example"], ["bob@two.example"]]);
    const text = bench.contentOf(0);
    expect(text).toStartWith(
      "Received: from [192.0.2.7] ([192.0.2.7])\r\n\tby edge.example with HTTP",
    );
    expect(text).toContain("\r\nFrom: Acme <news@acme.example>\r\n");
    expect(text).toContain("\r\nTo: Ann <ann@one.example>\r\n");
    expect(text).toContain("\r\nCc: bob@two.example\r\n");
    expect(text).toContain("\r\nReply-To: help@acme.example\r\n");
    expect(text).toContain(`\r\nMessage-ID: <${message?.id}@edge.example>\r\n`);
    expect(text).not.toContain("eve");
    expect(text.match(/^(Date|Message-ID|Subject): /gm)).toHaveLength(3);
  });

  test("is from the address of From, or from who is named, or from nobody", async () => {
    const bench = new HttpBench();
    await bench.post(toAnn);
    await bench.post({ ...toAnn, reversePath: "bounces@acme.example" });
    await bench.post({ ...toAnn, reversePath: "" });
    const paths = bench.intake.accepted.map(({ units }) => units[0]?.envelope.reversePath);
    expect(paths as unknown).toEqual([from, "bounces@acme.example", ""]);
  });
});

describe("a message for each of recipients", () => {
  const recipients = [
    { address: "ann@one.example", name: "Ann", substitutions: { name: "Ann & Co", code: 7 } },
    { address: "bob@one.example", substitutions: { code: 8 } },
    "no address",
    { address: "eve@two.example", substitutions: { name: "Eve\r\nBcc: x@y.example" } },
  ];
  const mailing = {
    from,
    subject: "For {{ name }}",
    html: "<p>{{ name }}: {{ code | default: 'none' }}</p>",
    headers: { "X-To": "{{ recipient.address }}" },
    recipients,
  };

  test("has itself in To, its own words, and its own result", async () => {
    const bench = new HttpBench();
    const { status, body } = await bench.post(mailing);
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 1, refused: 3 });
    expect(body.recipients).toMatchObject(
      [
        { address: "ann@one.example", status: "accepted" },
        {
          status: "refused",
          code: 550,
          enhancedStatus: "5.6.0",
          reason: /^subject: undefined var/,
        },
        { address: "no address", status: "refused", code: 553, enhancedStatus: "5.1.3" },
        {
          status: "refused",
          code: 550,
          reason: "subject: a control character, such as a line end",
        },
      ].map(({ reason, ...rest }) => ({
        ...rest,
        ...(reason === undefined ? {} : { reason: expect.stringMatching(reason) }),
      })),
    );
    const text = bench.contentOf(0);
    expect(text).toContain("\r\nTo: Ann <ann@one.example>\r\n");
    expect(text).toContain("\r\nSubject: For Ann & Co\r\n");
    expect(text).toContain("\r\nX-To: ann@one.example\r\n");
    expect(text).toContain("<p>Ann &amp; Co: 7</p>");
  });

  test("has what is for all, unless it has its own", async () => {
    const bench = new HttpBench();
    const own = { address: "bob@one.example", substitutions: { name: "Bob" } };
    const { body } = await bench.post({
      ...{ from, subject: "{{ name }}", text: "x" },
      substitutions: { name: "friend" },
      recipients: ["ann@one.example", own],
    });
    expect(body.accepted).toBe(2);
    const ids = new Set(bench.intake.accepted.map(({ id }) => id));
    expect(ids.size).toBe(2);
    const subjects = bench.intake.accepted.map((_, n) => /^Subject: .*$/m.exec(bench.contentOf(n)));
    expect(subjects.map((it) => it?.[0].trim()).sort()).toEqual([
      "Subject: Bob",
      "Subject: friend",
    ]);
  });

  test("is no template where nobody has substitutions", async () => {
    const bench = new HttpBench();
    await bench.post({ from, subject: "{{ name }}", text: "{%", recipients: ["ann@one.example"] });
    expect(bench.contentOf(0)).toContain("Subject: {{ name }}\r\n");
  });

  test("is one, however often a recipient stands there", async () => {
    const bench = new HttpBench();
    const { body } = await bench.post({
      ...letter,
      recipients: ["ann@one.example", "Ann@one.example", "ann@ONE.example"],
    });
    expect(body).toMatchObject({ accepted: 2, refused: 1 });
    expect(body.recipients[2]).toMatchObject({ code: 550, enhancedStatus: "5.5.4" });
  });

  test("has the list's order in its results, and each an id that follows from the first one", async () => {
    const bench = new HttpBench();
    const recipients = Array.from({ length: 200 }, (_, n) => `r${n}@d${n % 7}.example`);
    const { body } = await bench.post({ ...letter, recipients });
    expect(body.accepted).toBe(200);
    expect(body.recipients.map(({ address }: { address: string }) => address)).toEqual(recipients);
    const queued = new Map(
      bench.intake.accepted.map(({ id, units }) => [id as string, units[0]?.recipients[0]?.path]),
    );
    expect(queued.size).toBe(200);
    for (const { address, queueId } of body.recipients) {
      expect(queued.get(queueId) as string).toBe(address);
    }
    expect(bench.load.contentBytes).toBe(0);
  });
});

describe("a whole message", () => {
  const raw = "From: a@b.example\r\nSubject: x\r\n\r\n.\r\n..dots\r\nGr\u00fc\u00dfe\r\n";
  const query = "?reversePath=a@b.example&recipient=ann@one.example&recipient=bob@two.example";

  test.each<[string, (bench: HttpBench) => ReturnType<HttpBench["post"]>]>([
    [
      "in base64",
      (bench) =>
        bench.post({
          raw: Buffer.from(raw).toString("base64"),
          reversePath: "a@b.example",
          recipients: ["ann@one.example", "bob@two.example"],
        }),
    ],
    [
      "as message/rfc822",
      (bench) => bench.post(raw, { "content-type": "message/rfc822" }, `/v1/messages${query}`),
    ],
  ])("%s is queued as it is, for all", async (_, post) => {
    const bench = new HttpBench();
    const { status, body } = await post(bench);
    expect([status, body.accepted]).toEqual([202, 2]);
    expect(bench.intake.accepted).toHaveLength(1);
    expect(bench.contentOf(0)).toEndWith(raw);
    const envelope = bench.intake.accepted[0]?.units[0]?.envelope;
    expect(envelope as unknown).toEqual({
      reversePath: "a@b.example",
      body: "8bitmime",
      smtpUtf8: false,
    });
  });

  test.each([
    ["with a bare LF", "Subject: x\n\nx\n", 550, "5.6.0"],
    ["with a line too long", `Subject: x\r\n\r\n${"x".repeat(999)}\r\n`, 550, "5.6.0"],
    ["of too many hops", `${"Received: x\r\n".repeat(51)}\r\n`, 554, "5.4.6"],
    ["with a control field that is none", "X-Godwit-Nonsense: 1\r\n\r\n", 550, "5.6.0"],
  ])("%s is refused for all, as in DATA", async (_, text, code, enhancedStatus) => {
    const bench = new HttpBench();
    const { status, body } = await bench.post(
      text,
      { "content-type": "message/rfc822" },
      `/v1/messages${query}`,
    );
    expect(status).toBe(422);
    expect(body.recipients).toMatchObject([
      { code, enhancedStatus },
      { code, enhancedStatus },
    ]);
    expect(bench.intake.accepted).toEqual([]);
  });

  test("that ends without CRLF gets one, and one in UTF-8 says SMTPUTF8", async () => {
    const bench = new HttpBench();
    const headers = { "content-type": "message/rfc822" };
    await bench.post("Subject: Gr\u00fc\u00dfe\r\n\r\nx", headers, `/v1/messages${query}`);
    expect(bench.contentOf(0)).toEndWith("\r\n\r\nx\r\n");
    expect(bench.intake.accepted[0]?.units[0]?.envelope.smtpUtf8).toBe(true);
  });
});

describe("whose mail it is", () => {
  test("is the token's tenant, or one that it may name", async () => {
    const bench = new HttpBench();
    await bench.post(toAnn);
    await bench.post({ ...toAnn, tenant: "blue", campaign: "spring", priority: "high" });
    const labels = bench.intake.accepted.map(({ units }) => units[0]);
    expect(labels).toMatchObject([
      { tenant: "acme", lane: "n" },
      { tenant: "blue", campaign: "spring", lane: "h" },
    ]);
    const { status, body } = await bench.post({ ...toAnn, tenant: "red" });
    expect([status, body.detail]).toEqual([403, "tenant: you may not send as red"]);
  });

  test("a pool that is not there is a fault of the request", async () => {
    const bench = new HttpBench({ pools: ["bulk"] });
    expect(await bench.post({ ...toAnn, pool: "nope" })).toMatchObject({
      status: 400,
      body: { detail: "pool: no pool nope, there are bulk" },
    });
    expect((await bench.post({ ...toAnn, pool: "bulk" })).status).toBe(202);
  });

  test.each([undefined, "Bearer", "Bearer gdw_other", "Basic gdw_acme", "gdw_acme"])(
    "nobody's, for %p",
    async (authorization) => {
      const bench = new HttpBench();
      const headers = new Headers({ "content-type": "application/json" });
      if (authorization !== undefined) headers.set("authorization", authorization);
      const init = { method: "POST", headers, body: JSON.stringify(toAnn) };
      const answer = await bench.answered(new Request("http://x.example/v1/messages", init));
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(bench.intake.accepted).toEqual([]);
    },
  );

  test("a suppressed recipient is refused, and the others are not", async () => {
    const bench = new HttpBench({
      suppressed: async (path, tenant) => tenant === "acme" && path.startsWith("bob@"),
    });
    const { status, body } = await bench.post({ ...toAnn, cc: ["bob@two.example"] });
    expect(status).toBe(202);
    expect(body.recipients).toMatchObject([
      { status: "accepted" },
      { status: "refused", code: 550, enhancedStatus: "5.7.1" },
    ]);
  });
});

test("an event and a trace say that it came by HTTP, and joins the client's trace", async () => {
  const { tracing } = await import("#lib/telemetry/tracing");
  const { seededRandom } = await import("#lib/random");
  const spans: { name: string; parent?: string; self: string }[] = [];
  const bench = new HttpBench({
    tracing: tracing({
      share: 0.000_001,
      random: seededRandom(1),
      end: (it) => void spans.push(it),
    }),
  });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await bench.post(toAnn, { traceparent });
  await bench.post(toAnn, { traceparent: "nonsense" });
  expect(spans.map(({ name }) => name)).toEqual(["accept", "receive"]);
  expect(spans[1]?.parent).toBe(traceparent);
  expect(bench.intake.accepted[0]?.units[0]?.trace).toBe(spans[1]?.self);
  expect(bench.events.records[0]).toMatchObject({
    ...{ kind: "reception", protocol: "HTTP", listener: "http", user: "shop", tenant: "acme" },
    ...{ clientAddress: "192.0.2.7", helo: undefined, recipient: "ann@one.example" },
  });
});

describe("a time before which mail is not sent", () => {
  const later = { ...toAnn, sendAt: "2023-11-15T22:13:20.500+01:00" };

  test("goes along with each unit, whatever the form of the request", async () => {
    const bench = new HttpBench();
    const notBefore = Date.parse(later.sendAt);
    expect((await bench.post(later)).status).toBe(202);
    const { to: _, ...each } = { ...later, recipients: ["a@one.example", "b@two.example"] };
    expect((await bench.post(each)).body.accepted).toBe(2);
    const query = `reversePath=&recipient=a@b.example&sendAt=${encodeURIComponent(later.sendAt)}`;
    const headers = { "content-type": "message/rfc822" };
    expect((await bench.post("x", headers, `/v1/messages?${query}`)).status).toBe(202);
    const units = bench.intake.accepted.flatMap((message) => message.units);
    expect(units).toMatchObject(Array(4).fill({ notBefore }));
  });

  test.each([
    ["2023-12-14T22:13:21Z", "sendAt is more than 30 days ahead"],
    ["2023-11-15T22:13:20", "sendAt is no time with an offset, such as 2026-12-01T08:00:00Z"],
    ["tomorrow", "sendAt is no time with an offset, such as 2026-12-01T08:00:00Z"],
  ])("%s is none", async (sendAt, detail) => {
    const answer = await new HttpBench().post({ ...toAnn, sendAt });
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
    expect(answer.body.errors).toMatchObject([{ path: "sendAt" }]);
  });

  test("is not taken where the configuration says so, and one that is over is no harm", async () => {
    const bench = new HttpBench({ scheduledMsMax: 0 });
    expect((await bench.post(later)).body.detail).toBe("sendAt is not taken here");
    const { status } = await bench.post({ ...toAnn, sendAt: "2023-11-14T22:13:20Z" });
    expect(status).toBe(202);
    expect(bench.intake.accepted[0]?.units[0]).not.toHaveProperty("notBefore");
  });
});
