/** A mail exchanger that answers as a test says, and keeps what it took. */
import type { MemoryNetwork } from "#lib/net/memory-transport";
import type { Connection, ConnectionHandler } from "#lib/net/transport";

/** The reply to a command, with its code; `close`: the connection ends instead. */
export type Said = `${number} ${string}` | "close" | "nothing";

export interface Taken {
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** MAIL and RCPT as they came. */
  readonly commands: readonly string[];
  readonly content: string;
}

export interface MxScript {
  readonly extensions?: readonly string[];
  readonly protocol?: "smtp" | "lmtp";
  /** Asked for each command, `.` for the end of mail data; undefined: the usual answer. */
  readonly answer?: (command: string) => Said | undefined;
}

const port = 25;

export class ScriptedMx {
  script: MxScript = {};
  readonly taken: Taken[] = [];
  /** Each EHLO: the address it came from, and the name it gave. */
  readonly greetings: { readonly from: string; readonly name: string }[] = [];
  /** Sessions open now, and the most there were at once. */
  sessions = 0;
  sessionsMost = 0;
  sessionsEver = 0;

  constructor(network: MemoryNetwork, address: string) {
    void network
      .transport(address)
      .listen({ address, port }, (connection) => new MxSession(this, connection));
  }

  get recipients(): readonly string[] {
    return this.taken.flatMap(({ recipients }) => recipients);
  }

  opened(): void {
    this.sessions += 1;
    this.sessionsEver += 1;
    this.sessionsMost = Math.max(this.sessionsMost, this.sessions);
  }
}

class MxSession implements ConnectionHandler {
  readonly #mx: ScriptedMx;
  readonly #connection: Connection;
  #input = "";
  #isData = false;
  #mail: { commands: string[]; recipients: string[] } = { commands: [], recipients: [] };

  constructor(mx: ScriptedMx, connection: Connection) {
    this.#mx = mx;
    this.#connection = connection;
    mx.opened();
    this.#say("CONNECT", "220 mx.example ESMTP");
  }

  data(bytes: Uint8Array): void {
    this.#input += Buffer.from(bytes).toString("latin1");
    while (this.#take());
  }

  ended(): void {
    this.#connection.end();
  }

  closed(): void {
    this.#mx.sessions -= 1;
  }

  #take(): boolean {
    const [end, length] = this.#isData ? ["\r\n.\r\n", 5] : ["\r\n", 2];
    const at = this.#input.indexOf(end);
    if (at === -1) return false;
    const text = this.#input.slice(0, at);
    this.#input = this.#input.slice(at + length);
    if (this.#isData) this.#content(text);
    else this.#command(text);
    return true;
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO" || verb === "LHLO") this.#greet(line);
    else if (verb === "MAIL") {
      this.#mail = { commands: [line], recipients: [] };
      this.#say(line, "250 2.1.0 Ok");
    } else if (verb === "RCPT") {
      this.#mail.commands.push(line);
      if (this.#say(line, "250 2.1.5 Ok")) this.#mail.recipients.push(pathOf(line));
    } else if (verb === "DATA") {
      const isOpen = this.#mail.recipients.length > 0;
      this.#isData = this.#say(line, isOpen ? "354 Go on" : "554 5.5.1 No recipients");
    } else if (this.#say(line, verb === "QUIT" ? "221 2.0.0 Bye" : "250 2.0.0 Ok")) {
      if (verb === "QUIT") this.#connection.end();
    }
  }

  #greet(line: string): void {
    const [, name = ""] = line.split(" ");
    this.#mx.greetings.push({ from: this.#connection.remote.address, name });
    const { extensions = ["PIPELINING", "8BITMIME"] } = this.#mx.script;
    const lines = ["mx.example", ...extensions];
    const last = lines.length - 1;
    const text = lines.map((each, i) => `250${i === last ? " " : "-"}${each}`).join("\r\n");
    const said = this.#mx.script.answer?.(line);
    this.#connection.write(Buffer.from(`${said ?? text}\r\n`));
  }

  #content(content: string): void {
    this.#isData = false;
    const { commands, recipients } = this.#mail;
    const reversePath = pathOf(commands[0] ?? "");
    const taken: string[] = [];
    const each = this.#mx.script.protocol === "lmtp" ? recipients : [""];
    for (const path of each) {
      const isTaken = this.#say(path === "" ? "." : `. ${path}`, "250 2.6.0 Taken");
      if (isTaken) taken.push(...(path === "" ? recipients : [path]));
    }
    if (taken.length > 0) {
      this.#mx.taken.push({ reversePath, recipients: taken, commands, content: `${content}\r\n` });
    }
  }

  /** True when it was a good reply. */
  #say(command: string, usual: Said): boolean {
    const said = this.#mx.script.answer?.(command) ?? usual;
    if (said === "close") this.#connection.destroy();
    else if (said !== "nothing") this.#connection.write(Buffer.from(`${said}\r\n`));
    return /^[23]/.test(said);
  }
}

function pathOf(command: string): string {
  return /<([^>]*)>/.exec(command)?.[1] ?? "";
}
