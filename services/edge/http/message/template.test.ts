/** What a template may, what it costs, and what it cannot reach. */
import { describe, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import type { Wording } from "./letter.ts";
import { parsedTemplate, RenderingTime, UnreadableTemplate } from "./template.ts";

const time = () => new RenderingTime(new VirtualClock());
const of = (text: string, scope: object) =>
  parsedTemplate({ text, headers: {} }).render(scope, time());
const made = (text: string, scope: object = {}) => {
  const wording = of(text, scope);
  return "code" in wording ? wording.lines.join(" ") : wording.text;
};

describe("a template says", () => {
  test.each<[string, object, string]>([
    ["Dear {{ name }},", { name: "Ann" }, "Dear Ann,"],
    ["{{ a.b[1].c }}", { a: { b: [0, { c: "x" }] } }, "x"],
    [
      "{% for it in items %}{{ it.name }} {{ it.price }}; {% endfor %}",
      {
        items: [
          { name: "a", price: 1 },
          { name: "b", price: 2.5 },
        ],
      },
      "a 1; b 2.5; ",
    ],
    ["{% if name %}{{ name }}{% else %}friend{% endif %}", {}, "friend"],
    ["{{ name | default: 'friend' }}", {}, "friend"],
    ["{{ name | upcase | truncate: 4, '' }}", { name: "annabel" }, "ANNA"],
    ["{{ name }}", { name: "<b>" }, "<b>"],
    ["{% raw %}{{ name }}{% endraw %}", {}, "{{ name }}"],
    ["{{ n | plus: 1 }} {{ 'now' | size }}", { n: 1 }, "2 3"],
  ])("%s", (text, scope, expected) => {
    expect(made(text, scope)).toBe(expected);
  });
});

test("what is put into html is escaped, unless the template says raw", () => {
  const html = "<p>{{ name }} {{ mark | raw }}</p>";
  const scope = { name: "<script>\"'&", mark: "<b>!</b>" };
  const wording = parsedTemplate({ html, headers: {} }).render(scope, time());
  expect((wording as Wording).html).toBe("<p>&lt;script&gt;&#34;&#39;&amp; <b>!</b></p>");
});

describe("a recipient is refused, with the reason, for", () => {
  test.each<[string, string, object, RegExp]>([
    ["a variable that is missing", "{{ name }}", {}, /^text: undefined variable: name/],
    ["a part that is missing", "{{ a.b }}", { a: {} }, /undefined variable: a\.b/],
    ["what only prototypes have", "{{ a.constructor }}", { a: {} }, /undefined variable/],
    [
      "the length of time that a loop takes",
      "{% for i in (1..100000000) %}x{% endfor %}",
      {},
      /limit/,
    ],
    [
      "loops in loops",
      "{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}",
      {},
      /limit/,
    ],
    [
      "text that doubles",
      "{% assign a = 'xxxxxxxx' %}{% for i in (1..40) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
      {},
      /limit|invalid|memory/i,
    ],
    ["a file", "{% include 'etc/passwd' %}", {}, /ENOENT|not/],
    [
      "a loop that puts out much",
      "{% for i in (1..9999) %}{{ a }}{% endfor %}",
      { a: "x".repeat(100_000) },
      /too long|limit/,
    ],
    ["a rendered file", "{% render '../../package.json' %}", {}, /ENOENT|not/],
  ])("%s", (_, text, scope, reason) => {
    const wording = of(text, scope);
    expect(wording).toMatchObject({ code: 550, status: "5.6.0" });
    expect("code" in wording ? wording.lines[0] : "").toMatch(reason);
  });
});

test.each([
  ["an unknown filter", "{{ name | nope }}"],
  ["an unknown tag", "{% nope %}"],
  ["a tag without end", "{% if a %}"],
  ["half a value", "{{ 'a"],
  ["a mebibyte and one", "x".repeat(1024 * 1024 + 1)],
  ["a hundred thousand tags in one another", "{% if a %}".repeat(100_000)],
])("%s cannot be read at all", (_, text) => {
  expect(() => parsedTemplate({ text, headers: {} })).toThrow(UnreadableTemplate);
});

test("no field gets a line end by a variable", () => {
  const scope = { name: "a\r\nBcc: b@c.example" };
  for (const wording of [
    { subject: "{{ name }}", headers: {} },
    { headers: { "X-Name": "{{ name }}" } },
  ]) {
    expect(parsedTemplate(wording).render(scope, time())).toMatchObject({ code: 550 });
  }
});

test("keys that are dangerous elsewhere are names like others", () => {
  const scope: object = JSON.parse('{"__proto__": {"x": 1}, "constructor": {"name": "c"}}');
  expect(made("{{ constructor.name }}", scope)).toBe("c");
  expect({}).not.toHaveProperty("x");
});

test("a request's time is used up at last, and then nothing is begun", () => {
  const clock = new VirtualClock();
  const spent = new RenderingTime({ monotonic: () => (ticks += 2_000) });
  let ticks = clock.monotonic();
  const template = parsedTemplate({ text: "x", headers: {} });
  const results = Array.from({ length: 4 }, () => template.render({}, spent));
  expect(results.map((it) => ("code" in it ? it.status : "rendered"))).toEqual([
    "rendered",
    "rendered",
    "rendered",
    "5.3.4",
  ]);
});
