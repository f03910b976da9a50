/** Names that no server is asked about. */
import type { Answer } from "./resolver.ts";

const forEverMs = 24 * 3_600_000;
const neverThere: Answer<never> = { kind: "nxdomain" };

const loopback: Readonly<Record<string, string>> = { a: "127.0.0.1", aaaa: "::1" };

/**
 * The loopback addresses for localhost, nothing else below it (RFC 6761 §6.3): mail for it goes by
 * a route or not at all. `.invalid` (§6.4) and `.onion` (RFC 7686 §2) do not exist.
 */
export function specialAddresses(name: string, type: "a" | "aaaa"): Answer<string> | undefined {
  const address = loopback[type];
  if (address === undefined || topLevel(name) !== "localhost") return specialAbsence(name);
  return { kind: "records", records: [address], ttlMs: forEverMs };
}

/** For what is not an address. */
export function specialAbsence(name: string): Answer<never> | undefined {
  const top = topLevel(name);
  return top === "localhost" || top === "invalid" || top === "onion" ? neverThere : undefined;
}

function topLevel(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
