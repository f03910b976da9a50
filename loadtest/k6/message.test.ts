import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { isIntact } from "../content.ts";
import { loadIdIn } from "../load-id.ts";
import { posted } from "./message.ts";

const letter = { id: "r1-7", recipients: 3, domain: "sink.example", sizeBytes: 4_096 };
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const paths = [0, 1, 2].map((n) => `load${n}@sink.example`);

describe("posted()", () => {
  test("is one message for all, or one for each from a template", () => {
    const one = JSON.parse(posted("to", letter, sha256).body);
    expect(one).toMatchObject({ to: paths, headers: { "X-Load-Id": "r1-7" } });
    expect(one.text.length).toBeWithin(4_096, 4_200);
    const each = JSON.parse(posted("personal", letter, sha256).body);
    expect(each.recipients.map(({ address }: { address: string }) => address)).toEqual(paths);
    expect(each.text).toStartWith("Dear {{ name }},");
  });

  test("is a message that the sink knows to be intact, and to be damaged", () => {
    const { query, contentType, body } = posted("raw", letter, sha256);
    expect(contentType).toBe("message/rfc822");
    const asked = new URLSearchParams(query);
    expect(asked.getAll("recipient")).toEqual(paths);
    expect(asked.get("reversePath")).toBe("load@load.example");
    const received = Buffer.from(`Received: by mta.example\r\n${body}`);
    expect([loadIdIn(received), isIntact(received)]).toEqual([{ run: "r1", n: 7 }, true]);
    expect(isIntact(Buffer.from(body.replace("dull", "dvll")))).toBe(false);
    expect(body.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });
});
