/**
 * A reply without what is different each time, so that the same words from a thousand hosts are one
 * text: `550 <address> not liked, see <url> (<id>)`.
 */
import { boundedText, replyLine } from "./reply-text.ts";

const normalisedMax = 200;
/** Longer words are ids, whatever they consist of. */
const wordMax = 40;

export function normalisedReply(reply: {
  readonly code?: number;
  readonly status: string;
  readonly text: string;
}): string {
  const { code, status } = reply;
  const head = replyLine({ ...(code === undefined ? {} : { code }), status, text: "" });
  const words = boundedText(reply.text).split(" ").map(normalisedWord);
  // The status once, as in the head, though each line of the reply has it.
  const rest = words.filter((word, i) => word !== words[i - 1] && word !== status);
  return [head, ...rest].join(" ").slice(0, normalisedMax).trim().toWellFormed();
}

/** Punctuation around a word stays. Every expression here is of one class of characters. */
function normalisedWord(word: string): string {
  const begin = word.length - word.replace(/^[<([{"'`=:;,]+/, "").length;
  const end = word.replace(/[>)\]}"'`:;,.!?]+$/, "").length;
  if (end <= begin) return word.slice(0, wordMax);
  const core = word.slice(begin, end);
  return word.slice(0, begin) + placeholderOf(core) + word.slice(end);
}

function placeholderOf(core: string): string {
  if (/^https?:\/\//i.test(core) || /^www\./i.test(core)) return "<url>";
  const at = core.lastIndexOf("@");
  if (at > 0) return "<address>";
  if (/^5\.\d{1,3}\.\d{1,3}$/.test(core)) return core;
  if (/^[0-9.]+$/.test(core) && core.split(".").length === 4) return "<ip>";
  if (/^[0-9a-f:.]+$/i.test(core) && core.split(":").length >= 4) return "<ip>";
  if (/^[0-9.,:/+-]+$/.test(core) && /[0-9]/.test(core)) return "<n>";
  if (isHost(core)) return "<host>";
  if (core.length > wordMax || isId(core)) return "<id>";
  return core.toLowerCase();
}

/** `mx1.example.net`, also with an address in brackets behind it. */
function isHost(core: string): boolean {
  const labels = (core.split("[", 1)[0] ?? "").split(".");
  return labels.length >= 2 && labels.every((label) => /^[a-z0-9_-]+$/i.test(label));
}

/** A word with digits in it is somebody's name for something. */
function isId(core: string): boolean {
  return core.length >= 4 && /[0-9]/.test(core);
}
