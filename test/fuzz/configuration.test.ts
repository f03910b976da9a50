/** A file that somebody mistyped has faults with places in it, and never breaks the reader. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { loadConfig } from "#lib/config/load";
import { parseResolvConf } from "#lib/dns/resolv-conf";
import { exampleConfiguration } from "../../services/cli/config-example.ts";
import { fuzzing } from "../support/fuzz.ts";
import { changes, mangled } from "../support/mangling.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const options = { fileName: "godwit.yaml", osHostname: "host.example", environment: {} };
const readFile = () => {
  throw new Error("there is no such file");
};

test("godwit.yaml", () => {
  const example = encoder.encode(exampleConfiguration);
  fc.assert(
    fc.property(changes, (drawn) => {
      const text = decoder.decode(mangled(example, drawn));
      const lines = text.split("\n").length;
      const loaded = loadConfig(text, { ...options, readFile });
      if ("config" in loaded) return;
      expect(loaded.faults.length).toBeGreaterThan(0);
      for (const { line, column, message } of loaded.faults) {
        expect(message).not.toBe("");
        expect(line >= 1 && line <= lines && column >= 1).toBe(true);
      }
    }),
    fuzzing(200),
  );
});

test("resolv.conf", () => {
  const words = ["nameserver", "options", " ", "\n", "#", ";", "timeout:", "attempts:", "rotate"];
  const word = fc.constantFrom(
    ...words,
    "192.0.2.1",
    "::1",
    "fe80::1%eth0",
    "0",
    "7",
    "99999",
    "x",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (drawn) => {
      const { servers, timeoutMs, attempts } = parseResolvConf(drawn.join(""));
      expect(servers.length >= 1 && servers.length <= 3).toBe(true);
      expect(timeoutMs >= 1_000 && timeoutMs <= 30_000).toBe(true);
      expect(attempts >= 1 && attempts <= 5).toBe(true);
    }),
    fuzzing(1_000),
  );
});
