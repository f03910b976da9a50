/** Where a client session stands, and what that means to whoever waits for it. */
import type { SessionFailure, WaitingFor } from "./step.ts";

export type Phase =
  | "greeting"
  | "ehlo"
  | "helo"
  | "starttls"
  | "handshake"
  | "idle"
  | "transaction"
  | "quit"
  | "closed";

export const stageOf: Readonly<Record<Exclude<Phase, "quit" | "closed">, SessionFailure["stage"]>> =
  {
    greeting: "greeting",
    ehlo: "ehlo",
    helo: "ehlo",
    starttls: "starttls",
    handshake: "starttls",
    idle: "idle",
    transaction: "transaction",
  };

export const waitingForOf: Readonly<Record<Exclude<Phase, "transaction">, WaitingFor>> = {
  greeting: "greeting",
  ehlo: "ehlo",
  helo: "ehlo",
  starttls: "starttls",
  handshake: "starttls",
  idle: "nothing",
  quit: "quit",
  closed: "nothing",
};
