import { describe, expect, test } from "bun:test";
import { ratiosOf, spreadText } from "./ratio.ts";

describe("ratiosOf()", () => {
  test("is made run by run", () => {
    expect(ratiosOf([10, 30, 80], [5, 10, 20])).toEqual([2, 3, 4]);
  });

  test("leaves out runs that the other did not have", () => {
    expect(ratiosOf([10, 30], [5])).toEqual([2]);
    expect(ratiosOf([10], [0])).toEqual([]);
  });
});

describe("spreadText()", () => {
  test("has the median, the least and the most", () => {
    expect(spreadText([4, 6, 5])).toBe("5 (4–6)");
    expect(spreadText([4, 6], 1)).toBe("5.0 (4.0–6.0)");
  });

  test("is short for one run, and empty for none", () => {
    expect(spreadText([4])).toBe("4");
    expect(spreadText([])).toBe("");
  });
});
