import { expect, test } from "bun:test";
import { destination } from "../../../test/support/records.ts";
import { type BacklogKey, backlogKey, backlogOf } from "./backlog-name.ts";

const net = destination("example.net");

test.each<[BacklogKey, string]>([
  [{ destination: net, lane: "n" }, "example.net"],
  [{ destination: net, lane: "h" }, "example.net h"],
  [{ destination: net, lane: "n", tenant: "acme" }, "example.net nacme"],
  [{ destination: net, lane: "h", tenant: "acme" }, "example.net hacme"],
  [{ destination: destination("[IPv6:2001:db8::1]"), lane: "n" }, "[IPv6:2001:db8::1]"],
])("%p is %s, and back", (key, name) => {
  expect<string>(backlogOf(key)).toBe(name);
  expect(backlogKey(backlogOf(key))).toEqual(key);
});
