import { describe, expect, test } from "bun:test";
import { burstPart, fairPart, nextInTurn, type Party, wholePart } from "./part.ts";

const served = Number.POSITIVE_INFINITY;

function party(of: Partial<Party>): Party {
  return { claim: 0, want: 1, quantum: 1, waitingSince: served, ...of };
}

describe("a fair part", () => {
  const cases: [string, number, number, number[], number][] = [
    ["alone: what it wants", 10, 3, [], 3],
    ["alone: no more than there is", 10, 30, [], 10],
    ["of many who want all: an equal part", 10, 100, [100, 100, 100], 2.5],
    ["little beside much: all it wants", 10, 1, [1_000_000], 1],
    ["much beside little: what is left", 10, 1_000_000, [1], 9],
    ["of what others leave: in proportion", 12, 14, [1, 9], 6],
    ["for who wants nothing: nothing", 10, 0, [5], 0],
    ["beside those who want nothing: all", 10, 50, [0, 0], 10],
  ];
  test.each(cases)("%s", (_, total, want, others, part) => {
    expect(fairPart(total, want, others)).toBeCloseTo(part, 3);
  });

  test("of all is never more than there is", () => {
    for (const wants of [
      [1, 2, 3],
      [5, 5, 5],
      [0.1, 7, 100],
      [100, 3, 4, 4, 0],
    ]) {
      const parts = wants.map((want, n) => fairPart(10, want, wants.toSpliced(n, 1)));
      expect(parts.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(10 + 1e-9);
    }
  });
});

describe("a whole part", () => {
  test("leaves nothing over when all ask one after the other", () => {
    const parties = Array.from({ length: 4 }, () => party({ want: 100 }));
    const parts = parties.map((own, n) => {
      const part = wholePart(10, own, parties.toSpliced(n, 1));
      parties[n] = { ...own, claim: part };
      return part;
    });
    expect(parts).toEqual([3, 3, 2, 2]);
  });

  const cases: [string, number, Party, Party[], number][] = [
    ["is what nobody has", 10, party({ want: 100 }), [party({ claim: 9, want: 100 })], 1],
    ["is nothing where others have all", 10, party({ want: 5 }), [party({ claim: 10 })], 0],
    [
      "is nothing where others have more than there is now",
      3,
      party({}),
      [party({ claim: 10 })],
      0,
    ],
    ["is nothing for who wants nothing", 10, party({ want: 0 }), [], 0],
    ["is at least a quantum", 10, party({ want: 8, quantum: 8 }), [party({ want: 100 })], 8],
    [
      "may be a quantum that is more than there is, alone",
      5,
      party({ want: 9, quantum: 9 }),
      [],
      9,
    ],
    ["is none of that beside another", 5, party({ want: 9, quantum: 9 }), [party({ claim: 1 })], 0],
    [
      "is not for who just had it while another waits",
      1,
      party({ waitingSince: 7 }),
      [party({ waitingSince: 3 })],
      0,
    ],
    [
      "is for who has waited longest",
      1,
      party({ waitingSince: 3 }),
      [party({ waitingSince: 7 })],
      1,
    ],
    [
      "is for both where there is room for both",
      2,
      party({ waitingSince: 7 }),
      [party({ waitingSince: 3 })],
      1,
    ],
  ];
  test.each(cases)("%s", (_, total, own, others, part) => {
    expect(wholePart(total, own, others)).toBe(part);
  });
});

describe("a part of a burst", () => {
  const much = party({ want: 100 });

  function partsOf(total: number, wants: readonly number[]): readonly number[] {
    const parties = wants.map((want) => party({ want }));
    return parties.map((own, n) => {
      const part = burstPart(total, own, parties.toSpliced(n, 1));
      parties[n] = { ...own, claim: part };
      return part;
    });
  }

  test("has fractions, and leaves next to nothing over", () => {
    expect(partsOf(5, [100, 100, 100, 100])).toEqual([1.25, 1.25, 1.25, 1.25]);
    expect(partsOf(5, [100, 100, 100])).toEqual([1.65625, 1.65625, 1.65625]);
    expect(partsOf(5, [100, 100, 100, 100, 100, 100])).toEqual([1, 1, 1, 1, 1, 0]);
    expect(partsOf(5, [1, 100])).toEqual([1, 4]);
  });

  test("is never less than the quantum, and all are never more than there is", () => {
    for (const total of [1, 2, 5, 7, 100]) {
      for (const wants of [
        [1, 2, 3],
        [100, 0.1, 7, 7, 7, 7],
        [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
      ]) {
        const parts = partsOf(total, wants);
        expect(parts.filter((part) => part > 0 && part < 1)).toEqual([]);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(total);
      }
    }
  });

  const cases: [string, number, Party, Party[], number][] = [
    ["is what is left", 5, much, [party({ claim: 3.75, want: 100 })], 1.25],
    ["is nothing where less than a quantum is left", 5, much, [party({ claim: 4.25 })], 0],
    ["is nothing for who wants nothing", 5, party({ want: 0 }), [], 0],
    ["is at least a quantum", 5, party({ want: 9, quantum: 3 }), [much, much], 3],
    ["may be a quantum that is more than there is", 5, party({ want: 9, quantum: 9 }), [], 9],
    [
      "is not for who just had it while another waits",
      1,
      party({ waitingSince: 7 }),
      [party({ waitingSince: 3 })],
      0,
    ],
  ];
  test.each(cases)("%s", (_, total, own, others, part) => {
    expect(burstPart(total, own, others)).toBe(part);
  });
});

describe("whose turn it is", () => {
  const first = party({ waitingSince: 1 });
  const second = party({ waitingSince: 2 });
  const large = party({ waitingSince: 0, quantum: 9 });

  test("is who has waited longest", () => {
    expect(nextInTurn(1, [second, first])).toBe(first);
  });

  test("is nobody's without room", () => {
    expect(nextInTurn(1, [second, first, party({ claim: 1 })])).toBeUndefined();
    expect(nextInTurn(1, [party({ claim: 0 })])).toBeUndefined();
  });

  test("is nobody else's while there is no room for who has waited longest", () => {
    expect(nextInTurn(5, [second, large, party({ claim: 1 })])).toBeUndefined();
    expect(nextInTurn(5, [second, large])).toBe(large);
  });
});
