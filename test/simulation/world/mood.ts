/** How a mail exchanger behaves for a while, and what it answers then. */
import { type Reply, reply } from "#lib/smtp/reply";

export type Mood =
  | { readonly kind: "healthy" }
  /** Takes its time with every answer to a final dot. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** 421 as greeting. */
  | { readonly kind: "busy" }
  /** 421 as answer to a share of the commands, and closes. */
  | { readonly kind: "leaving"; readonly share: number }
  /** The connection breaks behind a share of the final dots; the message was kept, or was not. */
  | { readonly kind: "dropsAfterDot"; readonly share: number; readonly keeps: boolean }
  /** Half of the answer to a share of the final dots, then the end; the message was kept. */
  | { readonly kind: "halfReply"; readonly share: number }
  /** 451 to a recipient it does not know yet, for a while. */
  | { readonly kind: "greylists"; readonly forMs: number }
  /** 4yz to a share of MAIL, RCPT and final dots. */
  | { readonly kind: "storm"; readonly share: number }
  /** Refuses connections. */
  | { readonly kind: "refuses" }
  /** Nothing arrives and nothing comes back. */
  | { readonly kind: "silent" };

export const healthy: Mood = { kind: "healthy" };

export interface MoodWindow {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly mood: Mood;
}

export const answers = {
  noSuchUser: reply(550, "5.1.1", "No such user"),
  greylisted: reply(451, "4.7.1", "Greylisted, try again later"),
  storm: reply(451, "4.3.0", "Try again later"),
  contentRefused: reply(554, "5.6.0", "Content refused"),
  leaving: reply(421, "4.3.2", "Service not available, closing transmission channel"),
} satisfies Readonly<Record<string, Reply>>;
