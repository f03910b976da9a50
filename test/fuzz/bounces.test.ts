/** Whatever a remote host says, a bounce has a class, a line of text, and a harmless cell. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isBounceClass } from "#lib/bounces/bounce-class";
import { csvCell } from "#lib/bounces/bounce-csv";
import { cursorOf, readCursor } from "#lib/bounces/bounce-query";
import { normalisedReply } from "#lib/bounces/normalised-text";
import { bounceTextMax, boundedText } from "#lib/bounces/reply-text";
import { shippedClassifier, shippedRules } from "#lib/bounces/shipped-rules";
import { fuzzing } from "../support/fuzz.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 2_000 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 })
    .map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom(...shippedRules().rules.flatMap(({ replies }) => replies)), {
      maxLength: 30,
    })
    .map((all) => all.join(" ")),
);
const refusal = fc.record({
  code: fc.oneof(fc.integer(), fc.double(), fc.constantFrom(25, 550, 552, 999)),
  status: fc.oneof(fc.string(), fc.constantFrom("5.1.1", "5.7.1", "5.0.0", "5.999.999")),
  text,
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe("a refusal of any kind", () => {
  const classify = shippedClassifier();

  test("has a class, the same each time", () => {
    fc.assert(
      fc.property(refusal, (given) => {
        const told = classify(given);
        expect(isBounceClass(told.class)).toBe(true);
        expect(told.rule).not.toMatch(control);
        expect(classify(given)).toEqual(told);
      }),
      fuzzing(),
    );
  });

  test("has a line of text, and words without what differs, both bounded", () => {
    fc.assert(
      fc.property(refusal, (given) => {
        for (const line of [boundedText(given.text), normalisedReply(given)]) {
          expect(line.length).toBeLessThanOrEqual(bounceTextMax);
          expect(line).not.toMatch(control);
          expect(line.isWellFormed()).toBe(true);
          expect(boundedText(line)).toBe(line);
        }
      }),
      fuzzing(),
    );
  });

  test("is one harmless cell of CSV", () => {
    fc.assert(
      fc.property(text, (given) => {
        const cell = csvCell(given);
        expect(cell).not.toMatch(control);
        expect(cell).not.toMatch(/^"?\s*[=+\-@]/);
        // Quotes inside of quotes are doubled, and what would end the cell is inside of them.
        const inside = /^"((?:[^"]|"")*)"$/.exec(cell)?.[1];
        if (inside === undefined) expect(cell).not.toMatch(/[",]/);
      }),
      fuzzing(),
    );
  });
});

test("a cursor is read as it was made, and anything else is none or a place", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), (path, at) => {
      const position = { at, uid: "01JDF8Z5T0ABCDEFGHJKMNPQRA.0", path, kind: "failed" } as const;
      expect(readCursor(cursorOf(position))).toEqual(position);
      expect(() => readCursor(path)).not.toThrow();
    }),
    fuzzing(),
  );
});
