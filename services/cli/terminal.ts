/** Reads a password: typed without being shown, or piped in. */
import type { ReadStream } from "node:tty";
import { CommandFailed } from "./io.ts";

/** More than any password; a file piped in by mistake ends here. */
const inputBytesMax = 65_536;

/** All of what is piped in. @throws {CommandFailed} when that is too much */
export async function readAll(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > inputBytesMax)
      throw new CommandFailed("That is no password: it never ends", 2);
  }
  return text + decoder.decode();
}

/** One line, typed. @throws {CommandFailed} on Ctrl-C and Ctrl-D */
export async function typedLine(terminal: ReadStream, show: () => void): Promise<string> {
  terminal.setRawMode(true);
  terminal.setEncoding("utf8");
  show();
  try {
    return await line(terminal);
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
  }
}

function line(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = "";
    const onData = (text: string) => {
      for (const key of text) {
        if (key === "\r" || key === "\n") return finish(() => resolve(typed));
        if (key === "\u0003" || key === "\u0004") {
          return finish(() => reject(new CommandFailed("Stopped")));
        }
        typed = key === "\u007f" || key === "\b" ? [...typed].slice(0, -1).join("") : typed + key;
      }
    };
    const onEnd = () => finish(() => resolve(typed));
    const finish = (settle: () => void) => {
      terminal.off("data", onData);
      terminal.off("end", onEnd);
      settle();
    };
    terminal.on("data", onData);
    terminal.on("end", onEnd);
  });
}
