import { expect, test } from "bun:test";
import { sentTimes } from "./sent-times.ts";

test("sentTimes() are those of attempts at a domain, when they began", () => {
  const line = (event: string, recipient: string, ms: number) =>
    JSON.stringify({
      ...{ level: "info", time: new Date(ms).toISOString(), event, recipient },
      duration_ms: 7,
    });
  const one = [line("attempt", "a@d1.up.example", 1_007), line("spilled", "a@d1.up.example", 5)];
  const two = [line("attempt", "a@d2.up.example", 507), line("attempt", "a@down.example", 9), ""];
  expect(sentTimes([one.join("\n"), two.join("\n")], "up.example")).toEqual([500, 1_000]);
});
