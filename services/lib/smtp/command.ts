/** A command line: its verb and what follows (RFC 5321 §4.1.1). */

export const verbs = [
  "EHLO",
  "HELO",
  "MAIL",
  "RCPT",
  "DATA",
  "RSET",
  "NOOP",
  "QUIT",
  "VRFY",
  "EXPN",
  "HELP",
  "STARTTLS",
  "AUTH",
] as const;

export type Verb = (typeof verbs)[number];

export interface Command {
  /** Undefined for a verb that we do not know. */
  readonly verb: Verb | undefined;
  /** Behind the verb and one blank; trailing blanks are not part of it (RFC 5321 §4.1.1). */
  readonly argument: string;
}

const known = new Map<string, Verb>(verbs.map((verb) => [verb, verb]));

/** Verbs are case-insensitive (RFC 5321 §2.4). */
export function parseCommand(line: string): Command {
  const blank = line.indexOf(" ");
  const word = blank === -1 ? line.trimEnd() : line.slice(0, blank);
  const verb = known.get(word) ?? known.get(word.toUpperCase());
  return { verb, argument: blank === -1 ? "" : line.slice(blank + 1).trimEnd() };
}

/** What follows `FROM:` or `TO:`, or undefined. A blank behind the colon is common, and taken. */
export function afterKeyword(argument: string, keyword: "FROM:" | "TO:"): string | undefined {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) return undefined;
  return argument.slice(keyword.length).trimStart();
}
