import { expect, test } from "bun:test";
import type { Config } from "#lib/config/config";
import { loadConfig } from "#lib/config/load";
import { welcomeText } from "./welcome.ts";

function configOf(text: string): Config {
  const loaded = loadConfig(text, {
    fileName: "/etc/godwit/godwit.yaml",
    osHostname: "mta1.example.net",
    environment: {},
    readFile: () => "",
  });
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

function welcome(text: string, warnings: readonly string[] = []): string {
  const config = configOf(text);
  const listening = config.listeners.map(({ name, address, port }) => ({
    name,
    at: { address, port },
  }));
  const { address, port } = config.control;
  return welcomeText({
    config,
    configFile: undefined,
    warnings,
    listening,
    control: { address, port },
  });
}

test("it tells what listens where, and for whom", () => {
  const text = welcome("");
  expect(text).toContain("Godwit runs as mta1.example.net");
  expect(text).toMatch(/submission +127\.0\.0\.1:2587 +submission from 127\.0\.0\.0\/8/);
  expect(text).toMatch(/submissions +127\.0\.0\.1:2465 .*implicit TLS/);
  expect(text).toMatch(/inbound +127\.0\.0\.1:2525 +mail for mta1\.example\.net, STARTTLS/);
  expect(text).toMatch(/control +127\.0\.0\.1:8025/);
});

test("it tells where applications submit by HTTP, and how many may", () => {
  const hash = `sha256:${"0".repeat(64)}`;
  const text = welcome(`
listeners: [{ name: web, address: 127.0.0.1, port: 2580, kind: http, tls: { implicit: true } }]
tokens: [{ name: shop, tenant: acme, tokenHash: "${hash}" }]
`);
  expect(text).toMatch(
    /web +127\.0\.0\.1:2580 +submission by HTTPS: POST \/v1\/messages, one token/,
  );
});

test("its first message goes to a listener that takes it without a password or TLS", () => {
  expect(welcome("")).toContain("--mail-rcpt friend@example.com smtp://127.0.0.1:2587");
  const closed = welcome(
    "listeners: [{ name: in, address: '::1', port: 25, kind: inbound, localDomains: [example.net] }]",
  );
  expect(closed).not.toContain("The first message");
  expect(closed).toContain("[::1]:25");
});

test("its first message is no riddle: without a route it comes back, and how it would not", () => {
  const text = welcome("");
  expect(text).toContain("example.com takes no mail (RFC 7505): it will come back");
  const hint = /npm run -s sink -- --port (\d+), and in godwit.yaml .*\n( +routes: .*)\n/.exec(
    text,
  );
  const [, port, routes = ""] = hint ?? [];
  expect(configOf(routes.trim()).routes[0]?.nextHop.port).toBe(Number(port));
  expect(welcome(routes.trim())).not.toContain("come back");
  const other = welcome("routes: [{ domain: other.example, nextHop: 'smtp://127.0.0.1:2526' }]");
  expect(other).toContain("it will come back");
});

test("warnings are not overlooked", () => {
  expect(welcome("", ["the hostname is no name"])).toContain("Warning: the hostname is no name");
});
