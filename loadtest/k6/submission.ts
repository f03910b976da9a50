/** One submission over HTTP: what is sent, what became of it, and its line in the accounts. */
import { sleep } from "k6";
import crypto from "k6/crypto";
import exec from "k6/execution";
import http, { type RefinedResponse } from "k6/http";
import { Counter, Rate, Trend } from "k6/metrics";
import { acceptedCopies, isRefusal, retryAfterSeconds } from "./answer.ts";
import { posted } from "./message.ts";
import { runName, settingsOf } from "./settings.ts";
import { measured } from "./thresholds.ts";

type Answer = RefinedResponse<"text">;

/** What `setup()` hands to all users. */
export interface Run {
  readonly run: string;
}

export const settings = settingsOf(__ENV);
/** A client that is told to wait does, within reason. */
const waitMaxSeconds = 5;
/** Whoever cannot even connect would else try thousands of times a second. */
const failedPauseSeconds = 1;

const promised = new Counter(measured.promised);
const refused = new Rate(measured.refused);
const failed = new Rate(measured.failed);
const acceptedAfter = new Trend(measured.accepted, true);
// Beside our own metrics, http_req_failed tells the same then.
const responseCallback = http.expectedStatuses(202, 429, 503);

export function newRun(): Run {
  return { run: runName(__ENV, Date.now()) };
}

/** Submits the next message of the run. */
export function submitNext({ run }: Run): void {
  settle(idOf(run), submit(idOf(run)));
}

/** As a client does that lost the answer: it gets the first one again, and its mail goes out once. */
export function submitTwice({ run }: Run): void {
  const id = idOf(run);
  const first = submit(id, id);
  settle(id, first);
  if (first.status !== 202) return;
  const again = submit(id, id);
  failed.add(again.status !== 202 || again.body !== first.body);
}

function idOf(run: string): string {
  return `${run}-${exec.scenario.iterationInTest}`;
}

function submit(id: string, key?: string): Answer {
  const { target, token, form } = settings;
  const sha256 = (text: string) => crypto.sha256(text, "hex");
  const { query, contentType, body } = posted(form, { ...settings, id }, sha256);
  return http.post(`${target}/v1/messages${query}`, body, {
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": contentType,
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    // Else each URL is a metric of its own.
    tags: { name: "submission" },
    responseType: "text",
    responseCallback,
  });
}

function settle(id: string, answer: Answer): void {
  const isRefused = isRefusal(answer);
  const copies = answer.status === 202 ? acceptedCopies(answer.body) : 0;
  refused.add(isRefused);
  failed.add(!isRefused && copies === 0);
  if (copies === 0) {
    sleep(Math.min(waitMaxSeconds, retryAfterSeconds(answer) ?? failedPauseSeconds));
    return;
  }
  // The accounts: --console-output and --log-format raw make a file of these lines. Before the
  // count, so that what is counted is accounted for.
  console.log(`${id} ${copies}`);
  promised.add(copies);
  acceptedAfter.add(answer.timings.duration);
}
