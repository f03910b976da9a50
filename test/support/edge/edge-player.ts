/**
 * Plays a server transcript against a real edge over loopback, where its world can be had there:
 * the queue stands for the scripted driver, and what is admitted is the edge's own business.
 */
import type { Message } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { ListenerConfig } from "../../../services/edge/config.ts";
import { makeIdentity } from "../../../services/edge/identity.ts";
import { RawPeer } from "../raw-peer.ts";
import { type Script, scriptOf } from "../server/script.ts";
import {
  type Cutting,
  grouped,
  mismatch,
  octets,
  segments,
  type Transcript,
  type TranscriptItem,
} from "../transcript.ts";
import { edgeConfig, inboundListener, submissionListener } from "./edge-config.ts";
import { RunningEdge } from "./running-edge.ts";

const identity = await makeIdentity("edge.example");
/** Nobody waits for a pause here: that it is asked for is seen in the pure session. */
const errorDelayMs = 1;

export interface EdgePlayOptions {
  readonly cutting: Cutting;
  readonly random: Random;
}

/** Why the transcript cannot be played on a real edge; undefined when it can. */
export function whyOnlyPure(transcript: Transcript): string | undefined {
  const { refusals, settings } = scriptOf(transcript);
  const isScripted = [...refusals.keys()].some((what) => what !== "content");
  if (isScripted) return "the edge itself decides who is admitted";
  if (!settings.offersStartTls && !settings.isTls) return "the edge always has a certificate";
  if (settings.futureRelease !== undefined) return "its clock is the machine's";
  if (transcript.items.some(({ who, text }) => who === "T" && text === "timeout")) {
    return "minutes would have to pass";
  }
  return undefined;
}

/** Rejects with an error that names the line when the edge does not do what the transcript says. */
export async function playOnEdge(transcript: Transcript, options: EdgePlayOptions): Promise<void> {
  const script = scriptOf(transcript);
  await using running = await edgeFor(script);
  const peer = await RawPeer.connect(running.at("edge"));
  if (script.settings.isTls) await peer.startTls();
  const player = new EdgePlayer(running, peer, options);
  try {
    for (const group of grouped(transcript.items)) {
      await player.play(group).catch((cause: unknown) => {
        throw new Error(`Line ${group[0]?.lineNumber}: ${String(cause)}`, { cause });
      });
    }
    player.expectNothing();
  } finally {
    peer.destroy();
  }
}

function edgeFor({ settings, users, domains, refusals }: Script): Promise<RunningEdge> {
  const { isTls, auth, requiresTls, limits } = settings;
  const common: Partial<ListenerConfig> = {
    name: "edge",
    tls: { implicit: isTls },
    auth,
    requiresTls,
    limits: { ...limits, errorDelayMs },
  };
  // Who has to authenticate may send to anybody; who has not may send to us.
  const listener = settings.requiresAuth
    ? submissionListener(common)
    : inboundListener({ ...common, localDomains: [...domains] });
  const config = edgeConfig({
    identity,
    hostname: settings.hostname,
    scheduledMsMax: 0,
    listeners: [listener],
    users: [...users].map(([name, passwordHash]) => ({ name, passwordHash })),
  });
  return RunningEdge.start(config, {
    verifyPassword: async (password, hash) => password === hash,
    ...(refusals.has("content") ? { bytesMax: 1 } : {}),
  });
}

class EdgePlayer {
  readonly #running: RunningEdge;
  readonly #peer: RawPeer;
  readonly #options: EdgePlayOptions;

  constructor(running: RunningEdge, peer: RawPeer, options: EdgePlayOptions) {
    this.#running = running;
    this.#peer = peer;
    this.#options = options;
  }

  async play(group: readonly TranscriptItem[]): Promise<void> {
    const texts = group.map(({ text }) => text);
    switch (group[0]?.who) {
      case "S":
        return await this.#expect(texts);
      case "C":
        this.expectNothing();
        return await this.#send(texts);
      case "T":
        for (const text of texts) await this.#transport(text);
        return;
      case "M":
        return this.#expectContent(octets(texts));
      case "E":
        return this.#expectEnvelope(texts);
      default:
        throw new SyntaxError("no such side");
    }
  }

  expectNothing(): void {
    const { received } = this.#peer;
    if (received !== "") throw new Error(`nobody expected "${received}"`);
  }

  async #send(lines: readonly string[]): Promise<void> {
    const { cutting, random } = this.#options;
    for (const segment of segments(octets(lines), cutting, random)) {
      await this.#peer.sendAll(segment);
    }
  }

  /** As many replies as the patterns have last lines. */
  async #expect(patterns: readonly string[]): Promise<void> {
    const lines: string[] = [];
    for (const pattern of patterns) {
      if (/^[0-9?]{3}-/.test(pattern)) continue;
      const reply = Buffer.from(await this.#peer.reply(), "latin1").toString();
      if (reply !== "") lines.push(...reply.slice(0, -2).split("\r\n"));
    }
    // Queue ids are the edge's own.
    const expected = patterns.map((pattern) => pattern.replace(/\bQ\d+$/, "*"));
    const why = mismatch(expected, lines);
    if (why !== undefined) throw new Error(why);
  }

  async #transport(event: string): Promise<void> {
    if (event === "tls") await this.#peer.startTls();
    else if (event === "closed") await this.#peer.closed();
    else if (event === "shutdown") void this.#running.edge.stop();
    else if (!event.startsWith("pause ")) throw new SyntaxError(`no such event: ${event}`);
  }

  get #message(): Message {
    const message = this.#running.intake.accepted.at(-1);
    if (message === undefined) throw new Error("no message was accepted");
    return message;
  }

  #expectContent(expected: Uint8Array): void {
    const { content } = this.#message;
    const ours = content.length - expected.length;
    const theirs = Buffer.from(content.subarray(Math.max(0, ours)));
    if (theirs.equals(expected)) return;
    throw new Error(`the content is ${JSON.stringify(Buffer.from(content).toString("latin1"))}`);
  }

  /**
   * What the queue knows of it: the declared size has no use there, and <Postmaster> has a domain.
   */
  #expectEnvelope(expected: readonly string[]): void {
    const lines = envelopeLines(this.#message);
    for (const line of expected) {
      if (/^size=|^to=<postmaster>/i.test(line) || lines.includes(line)) continue;
      throw new Error(`no "${line}" in ${JSON.stringify(lines)}`);
    }
  }
}

function envelopeLines({ units, content }: Message): string[] {
  const [unit] = units;
  if (unit === undefined) throw new Error("a message without units");
  const { reversePath, smtpUtf8, ...rest } = unit.envelope;
  const words = Object.entries(rest).map(([key, value]) => `${key}=${value}`);
  const to = units
    .flatMap(({ recipients }) => recipients)
    .map(({ path, notify, orcpt }) => {
      const asked = notify === undefined ? "" : ` notify=${notify.join(",")}`;
      return `to=<${path}>${asked}${orcpt === undefined ? "" : ` orcpt=${orcpt}`}`;
    });
  const helo = /^Received: from (\S+)/.exec(new TextDecoder().decode(content))?.[1] ?? "";
  const flags = smtpUtf8 ? ["smtputf8"] : [];
  return [`from=<${reversePath}>`, ...to, `helo=${helo}`, ...words, ...flags];
}
