/** Reads a password: typed without being shown, or piped in. */
import type { Readable } from "node:stream";
import { CommandFailed } from "./io.ts";

/** More than any password; a file piped in by mistake ends here. */
const inputLengthMax = 65_536;

/** A terminal hands over each key at once when it is raw, and shows none. */
export type Keyboard = Readable & { setRawMode(isRaw: boolean): unknown };

/** All of what is piped in. @throws {CommandFailed} when that is too much */
export async function readAll(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > inputLengthMax) throw new CommandFailed("That is too long for a password", 2);
  }
  return text + decoder.decode();
}

/** One line, typed, after `prompt`. @throws {CommandFailed} on Ctrl-C and Ctrl-D */
export async function typedLine(keyboard: Keyboard, prompt: () => void): Promise<string> {
  keyboard.setRawMode(true);
  keyboard.setEncoding("utf8");
  prompt();
  try {
    return await lineOf(keyboard);
  } finally {
    keyboard.setRawMode(false);
  }
}

function lineOf(keyboard: Keyboard): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = "";
    const onData = (text: string) => {
      const keys = [...text];
      for (const [i, key] of keys.entries()) {
        if (!isEnd(key)) {
          typed = isErasure(key) ? withoutLast(typed) : typed + key;
          continue;
        }
        leave();
        // What was pasted behind the line is for the next prompt.
        const rest = keys.slice(i + 1).join("");
        if (rest !== "") keyboard.unshift(rest);
        return isLineEnd(key) ? resolve(typed) : reject(new CommandFailed("Stopped"));
      }
    };
    const onEnd = () => {
      leave();
      resolve(typed);
    };
    const leave = () => {
      keyboard.off("data", onData);
      keyboard.off("end", onEnd);
      // A stream that flows without a listener loses what comes.
      keyboard.pause();
    };
    keyboard.on("data", onData);
    keyboard.on("end", onEnd);
    keyboard.resume();
  });
}

function isLineEnd(key: string): boolean {
  return key === "\r" || key === "\n";
}

/** Ctrl-C and Ctrl-D are no signals while the terminal is raw. */
function isEnd(key: string): boolean {
  return isLineEnd(key) || key === "\u0003" || key === "\u0004";
}

function isErasure(key: string): boolean {
  return key === "\u007f" || key === "\b";
}

function withoutLast(text: string): string {
  return [...text].slice(0, -1).join("");
}
