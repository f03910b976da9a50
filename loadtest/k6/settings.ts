/**
 * What a script is told by its environment (`LOAD_…`); `npm run k6` sets it from its options, a Job
 * from its manifest. Names with `K6_` are options of k6 itself.
 */
import { type Form, forms } from "./message.ts";

export interface Settings {
  /** Of the HTTP submission, without a slash at its end: `http://127.0.0.1:8080`. */
  readonly target: string;
  readonly token: string;
  /** Of the control API; undefined: it is left alone. */
  readonly control: { readonly url: string; readonly token: string } | undefined;
  readonly vus: number;
  /** Messages a second, where a script goes by a rate. */
  readonly rate: number;
  readonly durationMs: number;
  readonly recipients: number;
  /** Of the text. */
  readonly sizeBytes: number;
  readonly domain: string;
  readonly form: Form;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export const defaults = {
  LOAD_VUS: "10",
  LOAD_RATE: "50",
  LOAD_DURATION: "1m",
  LOAD_RECIPIENTS: "1",
  LOAD_SIZE: "4096",
  LOAD_DOMAIN: "sink.example",
  LOAD_FORM: "to",
  LOAD_P95: "250",
  LOAD_P99: "1000",
} as const;

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** @throws with the name of what is missing or wrong */
export function settingsOf(environment: Environment): Settings {
  const number = (name: keyof typeof defaults) => positive(name, environment[name]);
  const control = address(environment.LOAD_CONTROL ?? "");
  return {
    target: address(needed(environment, "LOAD_TARGET")),
    token: needed(environment, "LOAD_TOKEN"),
    control:
      control === ""
        ? undefined
        : { url: control, token: needed(environment, "LOAD_CONTROL_TOKEN") },
    vus: number("LOAD_VUS"),
    rate: number("LOAD_RATE"),
    durationMs: durationMs(environment.LOAD_DURATION ?? defaults.LOAD_DURATION),
    recipients: number("LOAD_RECIPIENTS"),
    sizeBytes: number("LOAD_SIZE"),
    domain: environment.LOAD_DOMAIN ?? defaults.LOAD_DOMAIN,
    form: formOf(environment.LOAD_FORM ?? defaults.LOAD_FORM),
    p95Ms: number("LOAD_P95"),
    p99Ms: number("LOAD_P99"),
  };
}

/**
 * The first part of each message's id: that of `LOAD_RUN`, which may be the name of a pod, or one by
 * the time.
 */
export function runName({ LOAD_RUN: given = "" }: Environment, now: number): string {
  const kept = given.toLowerCase().replace(/[^0-9a-z]/g, "");
  return kept === "" ? now.toString(36) : kept.slice(-32);
}

/** `20s`, `5m`, `1h`. @throws */
export function durationMs(text: string): number {
  const [, count = "", unit = ""] = /^([1-9][0-9]{0,6})([smh])$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  if (unitMs === undefined) throw new Error(`"${text}" is no duration such as 20s, 5m or 1h`);
  return Number(count) * unitMs;
}

function formOf(word: string): Form {
  const form = forms.find((it) => it === word);
  if (form === undefined) throw new Error(`LOAD_FORM is "${word}", which is none of ${forms}`);
  return form;
}

function positive(name: keyof typeof defaults, text: string = defaults[name]): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new Error(`${name} is "${text}", which is no number above 0`);
}

function needed(environment: Environment, name: string): string {
  const value = environment[name] ?? "";
  if (value === "") throw new Error(`${name} is missing`);
  return value;
}

function address(url: string): string {
  return url.replace(/\/+$/, "");
}
