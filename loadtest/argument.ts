/** Values on the command lines of source, sink and benchmark. */
import { Command, InvalidArgumentError } from "commander";
import type { Endpoint } from "#lib/net/transport";

/**
 * A command that throws instead of ending the process, and writes nothing when it is only asked.
 */
export function command(name: string, description: string): Command {
  return new Command(name).description(description).exitOverride().showHelpAfterError();
}

export function count(text: string): number {
  if (!/^[0-9]{1,12}$/.test(text)) throw new InvalidArgumentError("A whole number is needed.");
  return Number(text);
}

export function positive(text: string): number {
  const value = count(text);
  if (value === 0) throw new InvalidArgumentError("It must be more than 0.");
  return value;
}

export function words(text: string): readonly string[] {
  return text.split(",").filter((it) => it !== "");
}

export function positives(text: string): readonly number[] {
  const values = words(text).map(positive);
  if (values.length === 0) throw new InvalidArgumentError("At least one number is needed.");
  return values;
}

/** With 0 among them. */
export function counts(text: string): readonly number[] {
  return words(text).map(count);
}

/** `127.0.0.1:2525`, `[::1]:2525`. */
export function endpoint(text: string): Endpoint {
  const [, address = "", port = ""] = /^\[?([^\]]+?)\]?:([0-9]{1,5})$/.exec(text) ?? [];
  if (address === "" || Number(port) > 65_535) {
    throw new InvalidArgumentError("An address and a port are needed: 127.0.0.1:2525");
  }
  return { address, port: Number(port) };
}

/** Of a closed set, whatever the case. */
export function oneOf<Word extends string>(all: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = all.find((it) => it.toLowerCase() === text.toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`One of: ${all.join(", ")}.`);
    return found;
  };
}

/** Of a closed set, with commas between. */
export function someOf<Word extends string>(
  all: readonly Word[],
): (text: string) => readonly Word[] {
  return (text) => words(text).map(oneOf(all));
}
