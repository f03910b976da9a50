import { describe, expect, test } from "bun:test";
import { listedSuppression } from "#proto/suppression";
import { uid } from "../../../../test/support/records.ts";
import { csvHeading, entryLine, formatOf, readEntries } from "./entry-lines.ts";

function read(text: string): string[] {
  return [...readEntries(text, formatOf(text))].map((one) => {
    if ("fault" in one) return `${one.line}: ${one.fault}`;
    const { key, ...rest } = one.entry;
    return `${one.line} ${key} ${JSON.stringify(rest)}`;
  });
}

describe("readEntries()", () => {
  test.each([
    [
      "addresses, one to a line",
      "Joe@a.example\n\nb.example\n",
      ["1 joe@a.example {}", "3 @b.example {}"],
    ],
    [
      "more columns than are known, without a heading",
      "joe@a.example,whatever\n",
      ["1 joe@a.example {}"],
    ],
    [
      "columns by their heading, in any order",
      "Reason,Email,ignored,tenant\nquota,joe@a.example,x,acme\n",
      ['2 joe@a.example {"tenant":"acme","reason":"quota"}'],
    ],
    [
      "times as dates or milliseconds",
      "address,expires\na.example,2027-01-01\nb.example,5\n",
      ['2 @a.example {"expiresAt":1798761600000}', '3 @b.example {"expiresAt":5}'],
    ],
    [
      "lines of JSON",
      '{"address":"joe@a.example","note":"x"}\n\n{"address":"b.example"}',
      ['1 joe@a.example {"note":"x"}', "3 @b.example {}"],
    ],
  ])("understands %s", (_, text, entries) => {
    expect(read(text)).toEqual(entries);
  });

  test("says of each bad line what is wrong with it, and goes on", () => {
    expect(read("address,expires\nno address,\n,2027-01-01\nb.example,soon\nc.example,\n")).toEqual(
      [
        '2: "no address" is neither a mailbox nor a domain',
        expect.stringMatching(/^3: .*expected string/),
        '4: expiresAt: "soon" is no time',
        "5 @c.example {}",
      ],
    );
    expect(
      read('{"address":"a.example"}\n{"address":\n{"address":"b.example","x":1}\n7\n'),
    ).toEqual([
      "1 @a.example {}",
      "2: is no JSON",
      expect.stringContaining('"x"'),
      expect.stringMatching(/^4: /),
    ]);
  });
});

describe("what is exported", () => {
  const listed = {
    address: "joe@a.example",
    tenant: "acme",
    reason: "bad-mailbox",
    note: 'said: "no", twice',
    uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.0"),
    at: 1_795_000_000_000,
    expiresAt: 1_795_000_060_000,
  };

  test.each(["csv", "jsonl"] as const)("as %s is imported as it was", (format) => {
    const heading = format === "csv" ? csvHeading : "";
    const text = `${heading}${entryLine(listed, format)}${entryLine({ address: "b.example" }, format)}`;
    const entries = [...readEntries(text, formatOf(text))].map((one) => {
      if ("fault" in one) throw new Error(one.fault);
      return one.entry;
    });
    const [first, second] = entries;
    if (first === undefined || second === undefined) throw new Error("there are two");
    expect(listedSuppression({ reason: "", at: 0, ...first })).toEqual(listed);
    expect(listedSuppression({ reason: "", at: 0, ...second })).toMatchObject({
      address: "b.example",
    });
  });
});
