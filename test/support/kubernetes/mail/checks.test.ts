import { expect, test } from "bun:test";
import { Checks } from "./checks.ts";

test("Checks count what holds and what does not, and say what is wrong", () => {
  let said = "";
  const checks = new Checks((text) => {
    said += text;
  });
  checks.check("nothing is lost", []);
  checks.check("nothing comes twice", ["2 copies", "of r-1"]);
  expect(said).toBe("  ok    nothing is lost\n  FAIL  nothing comes twice: 2 copies; of r-1\n");
  expect([checks.failed, checks.text]).toEqual([1, "1 passed, 1 failed\n"]);
});
