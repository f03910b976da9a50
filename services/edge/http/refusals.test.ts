/** Requests that are refused as a whole, and what is said of them. */
import { describe, expect, test } from "bun:test";
import { acmeToken, HttpBench } from "../../../test/support/edge/http-bench.ts";

const from = "news@acme.example";
const good = { from, to: ["ann@one.example"], text: "x" };

describe("what is no JSON is told with its place", () => {
  test.each([
    ["", 1, 1],
    ["{", 1, 2],
    ['{\n "from": "a@b.example",\n "to": [,]\n}', 3, 9],
    ['{"text": "a\nb"}', 1, 10],
    ['{"text": 01}', 1, 11],
    ['{"a": 1}}', 1, 9],
  ])("%j", async (text, line, column) => {
    const { status, body } = await new HttpBench().post(text);
    expect([status, body.line, body.column]).toEqual([400, line, column]);
    expect(body.detail).toBe(`the request is no JSON: line ${line}, column ${column}`);
  });

  test("octets that are no UTF-8", async () => {
    const { status, body } = await new HttpBench().post(Uint8Array.of(0x22, 0xff, 0x22));
    expect([status, body.detail]).toEqual([400, "the request is not UTF-8"]);
  });

  test("a hundred thousand brackets are refused like one", async () => {
    expect((await new HttpBench().post("[".repeat(100_000))).status).toBe(400);
    const deep = `{"substitutions":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`;
    expect((await new HttpBench().post(deep)).status).toBe(400);
  });
});

const cases: [string, object, string[]][] = [
  ["nothing", {}, ["from", ""]],
  ["an unknown key", { ...good, bbc: [] }, ["bbc"]],
  ["a From that is none", { ...good, from: "Acme" }, ["from"]],
  ["a From with its name", { ...good, from: "Acme <news@acme.example>" }, ["from"]],
  ["both kinds of recipients", { ...good, recipients: ["a@b.example"] }, ["recipients"]],
  ["no content", { from, to: ["a@b.example"], subject: "x" }, [""]],
  ["a subject of two lines", { ...good, subject: "a\r\nBcc: b@c.example" }, ["subject"]],
  ["a name of two lines", { ...good, from: { address: from, name: "a\nb" } }, ["from.name"]],
  ["a field of two lines", { ...good, headers: { "X-A": "a\nB: c" } }, ["headers.X-A"]],
  [
    "a field's name with a colon",
    { ...good, headers: { "A: b\r\nC": "d" } },
    ["headers.A: b\r\nC"],
  ],
  [
    "fields of ours",
    { ...good, headers: { Received: "x", "content-type": "x", "X-Godwit-Tenant": "a" } },
    ["headers.Received", "headers.content-type", "headers.X-Godwit-Tenant"],
  ],
  ["a field twice", { ...good, headers: { "X-A": "1", "x-a": "2" } }, ["headers.x-a"]],
  ["a reply-to that is none", { ...good, replyTo: ["a@b.example", "c"] }, ["replyTo[1]"]],
  ["a reverse-path that is none", { ...good, reversePath: "<a@b.example>" }, ["reversePath"]],
  [
    "an attachment that is no base64",
    { ...good, attachments: [{ filename: "a", content: "?" }] },
    ["attachments[0].content"],
  ],
  [
    "an attachment that holds parts",
    { ...good, attachments: [{ filename: "a", content: "", contentType: "multipart/mixed" }] },
    ["attachments[0].contentType"],
  ],
  [
    "a content id without html",
    { ...good, attachments: [{ filename: "a", content: "", contentId: "a" }] },
    ["attachments[0].contentId"],
  ],
  [
    "a file name of two lines",
    { ...good, attachments: [{ filename: "a\nb", content: "" }] },
    ["attachments[0].filename"],
  ],
  [
    "raw beside text",
    { raw: "eA==", reversePath: "", recipients: ["a@b.example"], text: "x" },
    ["text"],
  ],
  ["raw without anybody", { raw: "eA==", reversePath: "" }, ["recipients"]],
  ["raw from nobody", { raw: "eA==", recipients: ["a@b.example"] }, ["reversePath"]],
  [
    "raw with substitutions",
    { raw: "eA==", reversePath: "", recipients: [{ address: "a@b.example", substitutions: {} }] },
    ["recipients[0].substitutions"],
  ],
  ["a campaign that is no word", { ...good, campaign: "a b" }, ["campaign"]],
];

test.each(cases)("%s: each fault with its path", async (_, request, paths) => {
  const bench = new HttpBench();
  const { status, body, headers } = await bench.post(request);
  expect(status).toBe(400);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body.errors?.map(({ path }: { path: string }) => path)).toEqual(paths);
  expect(bench.intake.accepted).toEqual([]);
});

test("a template that cannot be read is nobody's fault but its author's", async () => {
  const bench = new HttpBench();
  const { status, body } = await bench.post({
    ...{ from, text: "{% if name %}", substitutions: {}, recipients: ["a@b.example"] },
  });
  expect(status).toBe(422);
  expect(body.detail).toStartWith("text: ");
  expect(bench.intake.accepted).toEqual([]);
});

describe("what is too much", () => {
  test("bytes that are announced, and bytes that are not", async () => {
    const bench = new HttpBench({ listener: { limits: { messageSizeMax: 64 * 1024 } } });
    const { status } = await bench.post({ ...good, text: "x".repeat(1_200_000) });
    expect(status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 20; n++) controller.enqueue(new Uint8Array(65_536));
        controller.close();
      },
    });
    const headers = { authorization: `Bearer ${acmeToken}`, "content-type": "application/json" };
    const init: RequestInit = { method: "POST", headers, body: stream };
    expect((await bench.answered(new Request("http://x.example/v1/messages", init))).status).toBe(
      413,
    );
    expect(bench.load.contentBytes).toBe(0);
  });

  test("a message that grows beyond the limit is its recipient's refusal", async () => {
    const bench = new HttpBench({ listener: { limits: { messageSizeMax: 64 * 1024 } } });
    const { status, body } = await bench.post({ ...good, text: "x".repeat(70_000) });
    expect([status, body.recipients[0].code]).toEqual([422, 552]);
  });

  test("recipients", async () => {
    const bench = new HttpBench({ listener: { limits: { recipientsMax: 2 } } });
    const to = ["a@b.example", "c@d.example", "e@f.example"];
    expect((await bench.post({ ...good, to })).status).toBe(413);
  });

  test("content in memory: it may come again", async () => {
    const bench = new HttpBench({ limits: { contentBytesMax: 1_000 } });
    const { status, headers } = await bench.post({ ...good, text: "x".repeat(2_000) });
    expect([status, headers.get("retry-after")]).toEqual([503, "10"]);
    expect(bench.load.contentBytes).toBe(0);
  });

  test("requests of one token, and of all", async () => {
    const held = Promise.withResolvers<void>();
    const faults = { before: () => held.promise, after: async () => {} };
    const one = new HttpBench({ limits: { requestsPerTokenMax: 1 }, faults });
    const first = one.post(good);
    expect((await one.post(good)).status).toBe(429);
    const all = new HttpBench({ limits: { requestsMax: 1 }, faults });
    const other = all.post(good);
    expect((await all.post(good)).status).toBe(503);
    held.resolve();
    expect([(await first).status, (await other).status]).toEqual([202, 202]);
    expect((await one.post(good)).status).toBe(202);
  });
});

test("other types, codings, methods and paths", async () => {
  const bench = new HttpBench();
  expect((await bench.post(good, { "content-type": "text/plain" })).status).toBe(415);
  expect((await bench.post(good, { "content-encoding": "gzip" })).status).toBe(415);
  const type = "Application/JSON; charset=utf-8";
  expect((await bench.post(good, { "content-type": type })).status).toBe(202);
  const get = await bench.answered(new Request("http://x.example/v1/messages"));
  expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
  expect((await bench.answered(new Request("http://x.example/"))).status).toBe(404);
});

test("a server that stops takes nothing more", async () => {
  const bench = new HttpBench();
  bench.isStopping = true;
  const { status, headers } = await bench.post(good);
  expect([status, headers.get("connection")]).toEqual([503, "close"]);
});

test("a queue that is full is 503, and says when to come again", async () => {
  const bench = new HttpBench({ bytesMax: 10 });
  const { status, headers, body } = await bench.post(good);
  expect([status, headers.get("retry-after")]).toEqual([503, "30"]);
  expect(body.recipients).toMatchObject([{ code: 452, enhancedStatus: "4.3.1" }]);
});
