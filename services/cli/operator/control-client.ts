/** Asks the control API of a running Godwit. */
import { BadAdminMessage } from "#proto/admin";
import { CommandFailed, type Io } from "../io.ts";
import { printableLines } from "../table.ts";

const answerTimeoutMs = 30_000;

export interface ControlTarget {
  /** `http://127.0.0.1:8025`, without a path. */
  readonly url: string;
  readonly tokenFile: string;
  /** Then the file is not looked at. */
  readonly token?: string | undefined;
}

type Fields = Readonly<Record<string, string | undefined>>;

export class ControlClient {
  readonly #base: string;
  readonly #target: ControlTarget;
  readonly #io: Io;

  constructor(target: ControlTarget, io: Io) {
    this.#base = target.url.replace(/\/+$/, "");
    this.#target = target;
    this.#io = io;
  }

  /** The answer as `read` understands it. @throws {CommandFailed} */
  async get<T>(path: string, query: Fields, read: (answer: unknown) => T): Promise<T> {
    const answer = await this.find(path, query, read);
    if (answer !== undefined) return answer;
    throw new CommandFailed(`The control API at ${this.#base} knows no ${path}: is it older?`);
  }

  /** The same, or undefined when there is no such thing. */
  async find<T>(path: string, query: Fields, read: (answer: unknown) => T): Promise<T | undefined> {
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) parameters.append(key, value);
    }
    const text = parameters.size === 0 ? "" : `?${parameters}`;
    const response = await this.#ask(`${path}${text}`, { method: "GET" });
    return response.status === 404 ? undefined : this.#answerOf(response, read);
  }

  async post<T>(path: string, body: object, read: (answer: unknown) => T): Promise<T> {
    const response = await this.#ask(path, { method: "POST", body: JSON.stringify(body) });
    return this.#answerOf(response, read);
  }

  async #ask(path: string, request: { method: string; body?: string }): Promise<Response> {
    const headers = {
      authorization: `Bearer ${this.#token()}`,
      "content-type": "application/json",
    };
    const signal = AbortSignal.timeout(answerTimeoutMs);
    try {
      return await this.#io.fetch(
        new Request(`${this.#base}${path}`, { ...request, headers, signal }),
      );
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  async #answerOf<T>(response: Response, read: (answer: unknown) => T): Promise<T> {
    const answer = await jsonOf(response);
    if (!response.ok) throw this.#refusal(response.status, answer);
    try {
      return read(answer);
    } catch (error) {
      if (!(error instanceof BadAdminMessage)) throw error;
      const what = `The control API at ${this.#base} answers what this version does not understand.`;
      throw new CommandFailed(`${what}\n${printableLines(error.message)}`);
    }
  }

  #tokenText(): string {
    const { token, tokenFile } = this.#target;
    return token === undefined ? `the token of "${tokenFile}"` : "the configured token";
  }

  #token(): string {
    const { token, tokenFile } = this.#target;
    if (token !== undefined) return token;
    try {
      return this.#io.readFile(tokenFile).trim();
    } catch {
      throw new CommandFailed(
        `Cannot read the control token "${tokenFile}".\n` +
          "Godwit makes it at its first start: has it run with this configuration (--config)?",
      );
    }
  }

  #unreachable(cause: unknown): CommandFailed {
    const isTimeout = cause instanceof Error && cause.name === "TimeoutError";
    const what = isTimeout ? "gives no answer" : "cannot be reached";
    return new CommandFailed(
      `The control API at ${this.#base} ${what}.\n` +
        "Is Godwit running (npm start), and with this configuration (--config)?",
    );
  }

  #refusal(status: number, answer: unknown): CommandFailed {
    if (status === 401) {
      return new CommandFailed(
        `The control API at ${this.#base} does not take ${this.#tokenText()}.\n` +
          "Is it another Godwit that runs there?",
      );
    }
    const { error } = Object(answer);
    const reason = typeof error === "string" ? printableLines(error) : `says ${status}`;
    // 400: what was asked is understood here, but not there.
    return new CommandFailed(`The control API at ${this.#base}: ${reason}`, status === 400 ? 2 : 1);
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
