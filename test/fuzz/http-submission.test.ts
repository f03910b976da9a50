/** Whatever is posted is answered: by what is wrong with it, or for each recipient; never by 500. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { contentFault } from "#lib/smtp/server/content-fault";
import { serverLimits } from "../../services/edge/config.ts";
import {
  acceptedAnswer,
  problemAnswer,
} from "../../services/edge/http/description/answer-schema.ts";
import { jsonFaultPlace } from "../../services/edge/http/json-place.ts";
import { HttpBench } from "../support/edge/http-bench.ts";
import { fuzzing } from "../support/fuzz.ts";
import { changes, mangled } from "../support/mangling.ts";

const example = {
  from: { address: "news@acme.example", name: "Acm\u00e9" },
  reversePath: "bounces@acme.example",
  replyTo: ["help@acme.example"],
  subject: "For {{ name | default: 'you' }}",
  text: "{% for it in items %}{{ it }}, {% endfor %}{{ recipient.address }}\n",
  html: "<p>{{ name }}</p>",
  headers: { "X-Campaign": "{{ name }}" },
  attachments: [{ filename: "a.txt", content: "aGVsbG8=", contentType: "text/plain" }],
  substitutions: { name: "friend", items: [1, "two", null] },
  recipients: [
    { address: "ann@one.example", name: "Ann", substitutions: { name: "Ann" } },
    "bob@two.example",
  ],
  campaign: "spring",
  priority: "high",
};

/** Of all that is queued, too: no line, and no field, that the rules of DATA would refuse. */
async function look(bench: HttpBench, body: string | Uint8Array): Promise<number> {
  const answer = await bench.post(body);
  if (answer.status === 202) acceptedAnswer.parse(answer.body);
  else expect(problemAnswer.parse(answer.body).status).toBe(answer.status);
  expect([202, 400, 413, 422]).toContain(answer.status);
  for (const { content } of bench.intake.accepted) {
    const limits = { ...serverLimits("submission"), messageSizeMax: Number.POSITIVE_INFINITY };
    expect(contentFault(content, limits)).toBeUndefined();
  }
  expect(bench.load.contentBytes).toBe(0);
  return answer.status;
}

test("mangled requests", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(example));
  await fc.assert(
    fc.asyncProperty(changes, async (drawn) => {
      await look(new HttpBench(), mangled(bytes, drawn));
    }),
    fuzzing(200),
  );
});

test("requests with other values", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "\r\n", "{{", "{% if", "\ud800", "a@b.example"),
  );
  const value = fc.oneof(text, fc.jsonValue(), fc.array(text));
  const key = fc.constantFrom(...Object.keys(example), "to", "cc", "bcc", "raw", "tenant", "pool");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(key, value), { maxLength: 4 }), async (others) => {
      await look(new HttpBench(), JSON.stringify({ ...example, ...Object.fromEntries(others) }));
    }),
    fuzzing(300),
  );
});

test("any names, words and substitutions make content that is as it must be, or a refusal", async () => {
  const words = fc.string({ unit: "binary", maxLength: 1_200 });
  const part = fc.record({ subject: words, text: words, html: words, name: words });
  await fc.assert(
    fc.asyncProperty(part, async ({ name, ...parts }) => {
      const request = { ...example, ...parts, substitutions: { name, items: [name] } };
      await look(new HttpBench(), JSON.stringify(request));
    }),
    fuzzing(200),
  );
});

test("where a text stops being JSON is found for all that the runtime refuses", () => {
  const bytes = new TextEncoder().encode(
    '{"a": [1, -2.5e3, "x\\n\\u00fc", true, null, {}], "b": []}',
  );
  fc.assert(
    fc.property(changes, (drawn) => {
      const text = new TextDecoder().decode(mangled(bytes, drawn));
      if (isJson(text)) return;
      const { line, column } = jsonFaultPlace(text);
      const lines = text.split("\n");
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
      // What stands before it is the beginning of some JSON: a fault is never told too late.
      const before = [...lines.slice(0, line - 1), lines[line - 1]?.slice(0, column - 1)].join(
        "\n",
      );
      expect(jsonFaultPlace(before)).toEqual({ line, column });
    }),
    fuzzing(2_000),
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
