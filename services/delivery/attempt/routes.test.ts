import { describe, expect, test } from "bun:test";
import type { Destination } from "#lib/queue/unit";
import { routeFor } from "./routes.ts";

const hop = (host: string) => ({ protocol: "smtp" as const, host, port: 25 });
const routes = [
  { domain: "*", nextHop: hop("smarthost") },
  { domain: "*.example.net", nextHop: hop("suffix") },
  { domain: "*.deep.example.net", nextHop: hop("longer-suffix") },
  { domain: "Example.NET", nextHop: hop("exact") },
];

describe("routeFor()", () => {
  test.each([
    ["example.net", "exact"],
    ["a.example.net", "suffix"],
    ["a.deep.example.net", "longer-suffix"],
    ["notexample.net", "smarthost"],
    ["[192.0.2.1]", "smarthost"],
  ])("%s goes to %s", (destination, host) => {
    expect(routeFor(destination as Destination, routes)?.nextHop.host).toBe(host);
  });

  test("of two for the same name the first is taken", () => {
    const twice = [...routes, { domain: "example.net", nextHop: hop("later") }];
    expect(routeFor("example.net" as Destination, twice)?.nextHop.host).toBe("exact");
  });

  test("without a matching route mail goes by MX", () => {
    expect(routeFor("example.org" as Destination, routes.slice(1))).toBeUndefined();
  });
});
