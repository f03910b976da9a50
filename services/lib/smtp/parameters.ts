/** Parameters of MAIL and RCPT, as the extensions define them (RFC 5321 §4.1.1.11). */
import { isPrintable, parseDecimal } from "./ascii.ts";
import { type FutureRelease, heldFor, heldUntil } from "./future-release.ts";

export interface MailParameters {
  /** SIZE= (RFC 1870). */
  readonly size?: number;
  /** BODY= (RFC 6152). */
  readonly body: "7bit" | "8bitmime";
  /** SMTPUTF8 (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** RET= (RFC 3461 §4.3). */
  readonly ret?: "full" | "headers";
  /** ENVID=, xtext as received (RFC 3461 §4.4). */
  readonly envid?: string;
  /** AUTH= (RFC 4954 §5), xtext as received; not passed on. */
  readonly auth?: string;
  /** HOLDFOR= or HOLDUNTIL= (RFC 4865), in milliseconds since the epoch; it may be over. */
  readonly notBefore?: number;
}

export interface RecipientParameters {
  /** NOTIFY= (RFC 3461 §4.1). */
  readonly notify?: readonly Notify[];
  /** ORCPT=, as received (RFC 3461 §4.2). */
  readonly orcpt?: string;
}

type Notify = "never" | "success" | "failure" | "delay";

export type ParametersParse<Parameters> =
  | { readonly ok: true; readonly parameters: Parameters }
  /** `unknown`: 555 5.5.4; `bad`: 501 5.5.4. */
  | { readonly ok: false; readonly fault: "unknown" | "bad"; readonly reason: string };

/** RFC 1870 §4: up to 20 digits; more than a number can hold is too big anyway. */
const sizeDigitsMax = 20;
/** RFC 3461 §4.4 and §4.2. */
const envidLengthMax = 100;
const orcptLengthMax = 500;

type Fields = Record<string, unknown>;
/** Reads a value into `fields`; false when it is bad. */
type ReadValue = (value: string | undefined, fields: Fields) => boolean;

const mailReaders: Readonly<Record<string, ReadValue>> = {
  SIZE: (value, fields) => {
    const size = parseDecimal(value ?? "", sizeDigitsMax);
    fields.size = size;
    return size !== undefined;
  },
  BODY: (value, fields) => {
    const body = value?.toLowerCase();
    fields.body = body;
    return body === "7bit" || body === "8bitmime";
  },
  SMTPUTF8: (value, fields) => {
    fields.smtpUtf8 = true;
    return value === undefined;
  },
  RET: (value, fields) => {
    const ret = value?.toUpperCase();
    fields.ret = ret === "FULL" ? "full" : "headers";
    return ret === "FULL" || ret === "HDRS";
  },
  ENVID: (value, fields) => {
    fields.envid = value;
    return value !== undefined && value.length <= envidLengthMax && isXtext(value);
  },
  AUTH: (value, fields) => {
    fields.auth = value;
    return value !== undefined && isXtext(value);
  },
};

function holdReaders(release: FutureRelease): Readonly<Record<string, ReadValue>> {
  // RFC 4865 §3: one of the two.
  const reader = (read: typeof heldFor) => (value: string | undefined, fields: Fields) => {
    const at = read(value ?? "", release);
    const isFirst = fields.notBefore === undefined;
    fields.notBefore = at;
    return at !== undefined && isFirst;
  };
  return { ...mailReaders, HOLDFOR: reader(heldFor), HOLDUNTIL: reader(heldUntil) };
}

const recipientReaders: Readonly<Record<string, ReadValue>> = {
  NOTIFY: (value, fields) => {
    const keywords = (value ?? "").toLowerCase().split(",");
    fields.notify = keywords;
    // RFC 3461 §4.1: NEVER stands alone.
    const isAlone = keywords.length === 1;
    return keywords.every((k) => isNotify(k) && (k !== "never" || isAlone));
  },
  ORCPT: (value, fields) => {
    fields.orcpt = value;
    return value !== undefined && value.length <= orcptLengthMax && isOrcpt(value);
  },
};

/**
 * `text` is what follows the path, with its leading blank. Without `release` there is no
 * FUTURERELEASE, and its parameters are unknown.
 */
export function parseMailParameters(
  text: string,
  release?: FutureRelease,
): ParametersParse<MailParameters> {
  const parsed = read(text, release === undefined ? mailReaders : holdReaders(release));
  if (!parsed.ok) return parsed;
  const parameters = { body: "7bit", smtpUtf8: false, ...parsed.parameters };
  return { ok: true, parameters: parameters as MailParameters }; // The readers above are the validation.
}

export function parseRecipientParameters(text: string): ParametersParse<RecipientParameters> {
  const parsed = read(text, recipientReaders);
  if (!parsed.ok) return parsed;
  return { ok: true, parameters: parsed.parameters as RecipientParameters };
}

function read(text: string, readers: Readonly<Record<string, ReadValue>>): ParametersParse<Fields> {
  const fields: Fields = {};
  if (text === "") return { ok: true, parameters: fields };
  if (text[0] !== " ") return { ok: false, fault: "bad", reason: "no blank behind the path" };
  const seen = new Set<string>();
  for (const word of text.split(" ")) {
    if (word === "") continue;
    const equals = word.indexOf("=");
    const keyword = (equals === -1 ? word : word.slice(0, equals)).toUpperCase();
    const reader = Object.hasOwn(readers, keyword) ? readers[keyword] : undefined;
    if (reader === undefined) return { ok: false, fault: "unknown", reason: printable(keyword) };
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    if (seen.has(keyword) || !reader(value, fields)) {
      return { ok: false, fault: "bad", reason: keyword };
    }
    seen.add(keyword);
  }
  return { ok: true, parameters: fields };
}

/** What a client sent, safe to say back to it. */
function printable(keyword: string): string {
  return keyword.slice(0, 40).replace(/[^!-~]/g, "?");
}

function isNotify(word: string): word is Notify {
  return word === "never" || word === "success" || word === "failure" || word === "delay";
}

/** RFC 3461 §4: printable ASCII but "+" and "=", or "+" and two upper-case hexadecimal digits. */
function isXtext(text: string): boolean {
  return /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text);
}

/** `addr-type ";" xtext`; for type utf-8 with what RFC 6533 §3 allows. */
function isOrcpt(text: string): boolean {
  const semicolon = text.indexOf(";");
  if (semicolon < 1) return false;
  const type = text.slice(0, semicolon);
  const address = text.slice(semicolon + 1);
  if (!/^[A-Za-z0-9.-]+$/.test(type) || address === "") return false;
  return type.toLowerCase() === "utf-8" ? isPrintable(address) : isXtext(address);
}
