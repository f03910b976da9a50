/** A message over a real socket, with parameters of MAIL that no client's library has. */
import type { Endpoint } from "#lib/net/transport";
import { RawPeer } from "../raw-peer.ts";

export interface RawSubmission {
  readonly to: readonly string[];
  /** `HOLDFOR=60`. */
  readonly parameters?: string;
}

/** Resolves to its queue id when it is accepted. */
export async function submitRaw(
  at: Endpoint,
  { to, parameters = "" }: RawSubmission,
): Promise<string> {
  const peer = await RawPeer.connect(at);
  const commands = [
    "EHLO client.example",
    `MAIL FROM:<a@client.example> ${parameters}`,
    ...to.map((path) => `RCPT TO:<${path}>`),
    "DATA",
    "Subject: x\r\n\r\nx\r\n.",
  ];
  try {
    let reply = await peer.reply();
    for (const command of commands) {
      peer.send(`${command}\r\n`);
      reply = await peer.reply();
      if (!/^[23]/.test(reply)) throw new Error(`${command}: ${reply}`);
    }
    return /queued as (\w+)/.exec(reply)?.[1] ?? "";
  } finally {
    peer.destroy();
  }
}
