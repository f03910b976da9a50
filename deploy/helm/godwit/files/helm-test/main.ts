/**
 * What `helm test` runs: submits a message through the edges' Service, and asks the control API until
 * it knows what became of it.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

const { EDGE = "", PORT = "", CONTROL = "", RECIPIENT = "", TOKEN = "" } = process.env;
const { IMPLICIT_TLS, USERNAME, PASSWORD } = process.env;
const startedAt = performance.now();
const patienceMs = 120_000;
/** A certificate's name is that of the edge's clients, not the Service's. */
const unchecked = { rejectUnauthorized: false } as const;

/** One reply after the other, each with all of its lines. */
async function* repliesOf(socket: Socket): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    for (;;) {
      const reply = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(text)?.[0];
      if (reply === undefined) break;
      text = text.slice(reply.length);
      yield reply.trimEnd();
    }
  }
}

class Dialogue {
  readonly #socket: Socket;
  readonly #replies: AsyncGenerator<string>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#replies = repliesOf(socket);
  }

  /** Sends the command, and throws with the reply when it has another code. */
  async ask(command: string | undefined, code: string): Promise<string> {
    if (command !== undefined) this.#socket.write(`${command}\r\n`);
    const { value, done } = await this.#replies.next();
    const said = done ? "the end of the connection" : String(value);
    const shown = command?.startsWith("AUTH") ? "AUTH" : (command ?? "the connection");
    if (!said.startsWith(code)) throw new Error(`${shown} was answered with ${said}`);
    return said;
  }
}

function opened(): Socket {
  const place = { host: EDGE, port: Number(PORT) };
  return IMPLICIT_TLS === "true" ? connectTls({ ...place, ...unchecked }) : connect(place);
}

/** Returns the queue id. */
async function submit(): Promise<string> {
  let socket = opened();
  let session = new Dialogue(socket);
  await session.ask(undefined, "220");
  const offered = await session.ask("EHLO helm-test.invalid", "250");
  if (IMPLICIT_TLS !== "true" && offered.includes("STARTTLS")) {
    await session.ask("STARTTLS", "220");
    socket.removeAllListeners("data");
    socket = connectTls({ socket, ...unchecked });
    session = new Dialogue(socket);
    await session.ask("EHLO helm-test.invalid", "250");
  }
  if (USERNAME !== undefined && PASSWORD !== undefined) {
    const word = Buffer.from(`\0${USERNAME}\0${PASSWORD}`).toString("base64");
    await session.ask(`AUTH PLAIN ${word}`, "235");
  }
  // Without a sender nobody is told that it could not be delivered.
  await session.ask("MAIL FROM:<>", "250");
  await session.ask(`RCPT TO:<${RECIPIENT}>`, "250");
  await session.ask("DATA", "354");
  const accepted = await session.ask(
    "Subject: helm test\r\n\r\nA message of helm test.\r\n.",
    "250",
  );
  socket.end("QUIT\r\n");
  const id = /queued as +(\S+)/.exec(accepted)?.[1];
  if (id === undefined) throw new Error(`there is no queue id in ${accepted}`);
  return id;
}

/** What became of it: the first outcome. */
async function outcomeOf(id: string): Promise<string> {
  for (;;) {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${CONTROL}/v1/trace/${id}`, { headers });
    const answer = await response.text();
    if (response.status !== 200) throw new Error(`control answers ${response.status}: ${answer}`);
    const { events } = JSON.parse(answer);
    if (events.length > 0) return JSON.stringify(events[0]);
    if (performance.now() - startedAt > patienceMs) throw new Error(`${id} is not settled`);
    await Bun.sleep(500);
  }
}

const id = await submit();
const acceptedMs = Math.round(performance.now() - startedAt);
process.stdout.write(`${id} accepted after ${acceptedMs} ms\n`);
const outcome = await outcomeOf(id);
const settledMs = Math.round(performance.now() - startedAt);
process.stdout.write(`${id} settled after ${settledMs} ms: ${outcome}\n`);
process.exit(0);
