import { expect, test } from "bun:test";
import { isIP } from "node:net";
import { failureOf } from "../../test/support/failure.ts";
import { located } from "./located.ts";

test.each(["127.0.0.1", "::1", "192.0.2.7"])("%s is where it is", async (address) => {
  expect(await located({ address, port: 25 })).toEqual({ address, port: 25 });
});

test("a name leads to an address, or nowhere", async () => {
  const { address, port } = await located({ address: "localhost", port: 587 });
  expect([isIP(address) !== 0, port]).toEqual([true, 587]);
  const failure = await failureOf(located({ address: "nowhere.invalid", port: 25 }));
  expect(String(failure)).toContain('Cannot find "nowhere.invalid"');
});
