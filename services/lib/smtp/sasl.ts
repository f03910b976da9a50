/**
 * SASL mechanisms of AUTH (RFC 4954), as far as the client's words go: PLAIN (RFC 4616) and LOGIN.
 */

export type SaslStep =
  /** Send 334 with this text, already in base 64. */
  | { readonly kind: "challenge"; readonly text: string }
  | { readonly kind: "credentials"; readonly user: string; readonly password: string }
  | { readonly kind: "bad"; readonly reason: string };

export type Mechanism = "PLAIN" | "LOGIN";

/** One exchange: `start` once, then `respond` for each line of the client. */
export class SaslExchange {
  readonly #mechanism: Mechanism;
  #user: string | undefined;

  constructor(mechanism: Mechanism) {
    this.#mechanism = mechanism;
  }

  /** `initial` is the initial response, "=" for an empty one (RFC 4954 §4). */
  start(initial: string | undefined): SaslStep {
    if (initial !== undefined) return this.respond(initial === "=" ? "" : initial);
    return this.#mechanism === "PLAIN" ? challenge("") : challenge("Username:");
  }

  respond(line: string): SaslStep {
    const text = decodeBase64(line);
    if (text === undefined) return { kind: "bad", reason: "not base 64 of UTF-8" };
    return this.#mechanism === "PLAIN" ? plain(text) : this.#login(text);
  }

  #login(text: string): SaslStep {
    if (this.#user === undefined) {
      this.#user = text;
      return challenge("Password:");
    }
    return { kind: "credentials", user: this.#user, password: text };
  }
}

/** RFC 4616 §2: [authzid] NUL authcid NUL passwd. To act for another is not offered. */
function plain(text: string): SaslStep {
  const [authorization, user, password, ...more] = text.split("\0");
  const isComplete = user !== undefined && user !== "" && password !== undefined;
  if (!isComplete || more.length > 0) return { kind: "bad", reason: "not three parts" };
  if (authorization !== "" && authorization !== user) {
    return { kind: "bad", reason: "authorization identity differs" };
  }
  return { kind: "credentials", user, password };
}

function challenge(text: string): SaslStep {
  return { kind: "challenge", text: btoa(text) };
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    return strictUtf8.decode(Uint8Array.from(atob(text), (octet) => octet.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
