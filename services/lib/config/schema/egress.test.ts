import { expect, test } from "bun:test";
import { poolsSchema, sourcesSchema } from "./egress.ts";

const secrets = { readFile: () => "s3cret\n", environment: {} };

test("a source is an address with its name, or a proxy with what opens it", () => {
  const tunnel = {
    ...{ kind: "socks5", address: "10.0.0.9", port: 1080 },
    ...{ user: "godwit", password: { file: "socks.txt" } },
  };
  const written = [
    { name: "ip1", address: "192.0.2.1", hostname: "MTA1.example.net" },
    { name: "tunnel", proxy: tunnel },
    { name: "far", proxy: { kind: "proxyProtocol", address: "10.0.0.8", port: 5000 } },
  ];
  expect(sourcesSchema(secrets).parse(written)).toMatchObject([
    { name: "ip1", address: "192.0.2.1" },
    {
      proxy: {
        kind: "socks5",
        at: { address: "10.0.0.9", port: 1080 },
        login: { user: "godwit", password: "s3cret" },
      },
    },
    { proxy: { kind: "proxyProtocol", at: { address: "10.0.0.8", port: 5000 } } },
  ]);
});

test("a pool gives each source its weight, and is for whom it says", () => {
  const written = [{ name: "bulk", sources: { ip1: 3 }, for: [{ tenant: "acme" }, {}] }];
  expect(poolsSchema.parse(written)).toEqual(written);
  expect(poolsSchema.parse([{ name: "bulk", sources: { ip1: 1 } }])).toMatchObject([{ for: [] }]);
  for (const weight of [0, -1, 1.5, "3"]) {
    expect(poolsSchema.safeParse([{ name: "bulk", sources: { ip1: weight } }]).success).toBe(false);
  }
});
