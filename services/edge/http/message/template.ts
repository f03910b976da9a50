/**
 * Wording with variables (Liquid): no code, no files, and bounds on what a template may cost. A
 * template is its author's, values are anybody's.
 */
import { Liquid, type Template as Parsed } from "liquidjs";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { type PermanentReply, reply } from "#lib/smtp/reply";
import { headerTextForm } from "../description/request-schema.ts";
import type { Wording } from "./letter.ts";

/** Characters of all templates of a letter. */
const templateLengthMax = 1024 * 1024;
/** One letter's: usual ones take a tenth of a millisecond. */
const letterMsMax = 100;
/** A request's: so long it may keep others waiting, in many small parts. */
const requestMsMax = 5_000;
/** Of a letter: characters and elements that its filters, ranges and lists make. */
const madeMax = 4_000_000;
/** Characters of one text: what a loop puts out is not counted above. */
const outputLengthMax = 8 * 1024 * 1024;
const reasonLengthMax = 200;

/** The templates cannot be parsed: no recipient's fault. */
export class UnreadableTemplate extends Error {
  override readonly name = "UnreadableTemplate";
}

export interface Template {
  /** For one recipient; refused when a variable is missing, or it takes too much. */
  render(scope: object, time: RenderingTime): Wording | PermanentReply;
}

/** What a request has taken of the time that its templates have. */
export class RenderingTime {
  readonly #clock: Pick<Clock, "monotonic">;
  #leftMs = requestMsMax;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  get leftMs(): number {
    return this.#leftMs;
  }

  spend<T>(work: () => T): T {
    const startedAt = this.#clock.monotonic();
    try {
      return work();
    } finally {
      this.#leftMs -= this.#clock.monotonic() - startedAt;
    }
  }
}

const common = {
  // What is missing is a mistake, but in `if` and before `default`.
  strictVariables: true,
  strictFilters: true,
  lenientIf: true,
  ownPropertyOnly: true,
  // Without it `include` and `render` would read files.
  templates: {},
  relativeReference: false,
  parseLimit: templateLengthMax,
  renderLimit: letterMsMax,
  memoryLimit: madeMax,
};
const plain = new Liquid(common);
/** A name with `<` in it must not become a part of the page. */
const escaping = new Liquid({ ...common, outputEscape: "escape" });

/** A part of the wording: its template, and where what comes of it belongs. */
interface Part {
  readonly key: "subject" | "text" | "html" | { readonly header: string };
  readonly engine: Liquid;
  readonly parsed: Parsed[];
}

/** @throws {UnreadableTemplate} */
export function parsedTemplate({ subject, text, html, headers }: Wording): Template {
  const parts = [
    ...partOf("subject", plain, subject),
    ...partOf("text", plain, text),
    ...partOf("html", escaping, html),
    ...Object.entries(headers).flatMap(([header, value]) => partOf({ header }, plain, value)),
  ];
  return {
    render(scope, time) {
      if (time.leftMs <= 0) return timeIsUp;
      return time.spend(() => rendered(parts, scope));
    },
  };
}

function partOf(key: Part["key"], engine: Liquid, source: string | undefined): Part[] {
  if (source === undefined) return [];
  try {
    return [{ key, engine, parsed: engine.parse(source) }];
  } catch (error) {
    throw new UnreadableTemplate(`${nameOf(key)}: ${reasonOf(error)}`, { cause: error });
  }
}

function rendered(parts: readonly Part[], scope: object): Wording | PermanentReply {
  const headers: Record<string, string> = {};
  const wording: { subject?: string; text?: string; html?: string } = {};
  for (const { key, engine, parsed } of parts) {
    const made = renderedPart(engine, parsed, scope);
    if ("fault" in made) return reply(550, "5.6.0", `${nameOf(key)}: ${made.fault}`);
    const isField = key !== "text" && key !== "html";
    if (isField && !headerTextForm.test(made.text)) {
      return reply(550, "5.6.0", `${nameOf(key)}: a control character, such as a line end`);
    }
    if (typeof key === "string") wording[key] = made.text;
    else headers[key.header] = made.text;
  }
  return { ...wording, headers };
}

function renderedPart(engine: Liquid, parsed: Parsed[], scope: object) {
  try {
    const text: unknown = engine.renderSync(parsed, scope);
    assert(typeof text === "string", "a template makes a text");
    if (text.length > outputLengthMax) return { fault: "it is too long" };
    return { text };
  } catch (error) {
    return { fault: reasonOf(error) };
  }
}

function nameOf(key: Part["key"]): string {
  return typeof key === "string" ? key : `headers.${key.header}`;
}

/** Fit for a reply: one line of printable ASCII. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^ -~]+/g, " ").slice(0, reasonLengthMax);
}

const timeIsUp = reply(550, "5.3.4", "The request's time for templates is used up");
