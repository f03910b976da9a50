/** Submission by HTTP to the real process, as what arrives at a sink, and over a kill. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Sink } from "../../loadtest/sink/sink.ts";
import { acceptedAnswer } from "../../services/edge/http/description/answer-schema.ts";
import { RunningGodwit } from "../support/cli/running-godwit.ts";
import { acme, acmeToken } from "../support/edge/http-bench.ts";
import { ran } from "../support/process/ran.ts";

const killMaxMs = 60_000;
const readMessage = z.object({
  subject: z.string(),
  from: z.string(),
  to: z.string(),
  defects: z.array(z.string()),
  parts: z.array(z.object({ type: z.string(), name: z.string().nullable(), content: z.string() })),
});

let home: string;
let sink: Sink | undefined;
let godwit: RunningGodwit;

afterEach(async () => {
  await godwit.stop("SIGKILL");
  await sink?.stop();
  await rm(home, { recursive: true, force: true });
});

async function begin(sinkPort: number, ...more: readonly string[]): Promise<void> {
  home = await mkdtemp(join(tmpdir(), "godwit-http-"));
  const { name, tokenHash, tenant } = acme;
  const lines = [
    "hostname: mta1.example.net",
    "listeners:",
    "  - { name: http, address: 127.0.0.1, port: 0, kind: http }",
    "  - { name: https, address: 127.0.0.1, port: 0, kind: http, tls: { implicit: true } }",
    `tokens: [{ name: ${name}, tokenHash: "${tokenHash}", tenant: ${tenant} }]`,
    "control: { port: 0 }",
    "delivery: { retry: { first: 1s, cap: 1s } }",
    `routes: [{ domain: "*", nextHop: "smtp://127.0.0.1:${sinkPort}" }]`,
    ...more,
  ];
  await writeFile(join(home, "godwit.yaml"), `${lines.join("\n")}\n`);
  godwit = await RunningGodwit.start(home);
}

interface Posting {
  readonly listener?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

function post(body: unknown, { listener = "http", headers, query = "" }: Posting = {}) {
  const { address, port } = godwit.at(listener);
  const scheme = listener === "https" ? "https" : "http";
  return fetch(`${scheme}://${address}:${port}/v1/messages${query}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${acmeToken}`,
      "content-type": "application/json",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
    tls: { rejectUnauthorized: false },
  });
}

/** What a reader of mail sees: the parser is Python's. */
async function read(content: Uint8Array | undefined) {
  const script = new URL("read-mail.py", import.meta.url).pathname;
  const input = new TextDecoder().decode(content);
  const { out, err } = await ran(["python3", script], { input });
  expect(err).toBe("");
  return readMessage.parse(JSON.parse(out));
}

describe.each([0, 1])("with %d threads for the edge", (edgeThreads) => {
  const threads = `edgeThreads: ${edgeThreads}`;

  test("a whole message arrives as it was, below what was put before it", async () => {
    sink = await Sink.start({ keep: "messages" });
    await begin(sink.endpoint.port, threads);
    const raw = `Subject: x\r\n\r\n.\r\n..\r\nGr\u00fc\u00dfe\r\n${"y".repeat(998)}\r\n`;
    const answer = await post(raw, {
      listener: "https",
      headers: { "content-type": "message/rfc822" },
      query: "?reversePath=a@b.example&recipient=c@d.example",
    });
    expect(answer.status).toBe(202);
    await sink.until(({ messages }) => messages >= 1);
    const [arrived] = sink.messages;
    expect(arrived?.reversePath).toBe("a@b.example");
    const text = arrived?.content?.toString() ?? "";
    expect(text).toEndWith(`\r\n${raw}`);
    expect(text).toMatch(
      /^Received: from \[127\.0\.0\.1\] \(\[127\.0\.0\.1\]\)\r\n\tby mta1\.example\.net with HTTPS id /,
    );
  });

  test("a reader gets back what was composed, for each recipient", async () => {
    sink = await Sink.start({ keep: "messages" });
    await begin(sink.endpoint.port, threads);
    const bytes = Uint8Array.from({ length: 3_000 }, (_, n) => n % 256);
    const answer = await post({
      from: { address: "news@acme.example", name: "Acm\u00e9, Ltd." },
      subject: "Gr\u00fc\u00dfe, {{ name }} \ud83d\udc4b",
      text: "Liebe {{ name }},\n.\n\u2026\n",
      html: '<p>{{ name }}</p><img src="cid:logo">',
      attachments: [
        { filename: "Preisli\u00dfte.bin", content: Buffer.from(bytes).toString("base64") },
        { filename: "logo.png", content: "AAEC", contentType: "image/png", contentId: "logo" },
      ],
      recipients: [
        {
          address: "ann@one.example",
          name: "\u00c4nn",
          substitutions: { name: "\u00c4nn & B\u00f6b" },
        },
        { address: "nobody@two.example", substitutions: {} },
      ],
    });
    expect(answer.status).toBe(202);
    const { accepted, refused } = acceptedAnswer.parse(await answer.json());
    expect([accepted, refused]).toEqual([1, 1]);
    await sink.until(({ messages }) => messages >= 1);
    const { parts, ...message } = await read(sink.messages[0]?.content);
    expect(message).toEqual({
      from: '"Acm\u00e9, Ltd." <news@acme.example>',
      to: "\u00c4nn <ann@one.example>",
      subject: "Gr\u00fc\u00dfe, \u00c4nn & B\u00f6b \ud83d\udc4b",
      defects: [],
    });
    const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");
    expect(parts).toEqual([
      {
        type: "text/plain",
        name: null,
        content: base64("Liebe \u00c4nn & B\u00f6b,\r\n.\r\n\u2026\r\n"),
      },
      {
        type: "text/html",
        name: null,
        content: base64('<p>\u00c4nn &amp; B\u00f6b</p><img src="cid:logo">'),
      },
      { type: "image/png", name: "logo.png", content: "AAEC" },
      { type: "application/octet-stream", name: "Preisli\u00dfte.bin", content: base64(bytes) },
    ]);
  });

  test(
    "killed in the middle of a list, and asked again with its key: one copy for each",
    async () => {
      // Nobody is there yet who would take the mail.
      const place = await Sink.start();
      const { endpoint } = place;
      await place.stop();
      await begin(endpoint.port, threads);
      const recipients = Array.from({ length: 400 }, (_, n) => `r${n}@d${n % 20}.example`);
      const list = { from: "a@b.example", subject: "x", text: "x", recipients };
      const headers = { "idempotency-key": "list-7" };
      const lost = post(list, { headers }).then(
        ({ status }) => status,
        () => "no answer",
      );
      await godwit.logged(({ event }) => event === "message_accepted", 40);
      await godwit.stop("SIGKILL");
      expect(await lost).toBe("no answer");

      godwit = await RunningGodwit.start(home);
      const again = await post(list, { headers });
      expect(again.status).toBe(202);
      const answer = await again.text();
      expect(acceptedAnswer.parse(JSON.parse(answer)).accepted).toBe(recipients.length);
      expect(await (await post(list, { headers })).text()).toBe(answer);

      sink = await Sink.start({ at: endpoint, keep: "messages" });
      await sink.until(({ messages }) => messages >= recipients.length);
      await godwit.stop();
      const taken = sink.messages.flatMap((it) => it.recipients.map((to) => to.forwardPath));
      expect(taken.sort()).toEqual(recipients.sort());
    },
    killMaxMs,
  );
});
