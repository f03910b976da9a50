/** What a person who is no mail expert can do about a failure, by its status (RFC 3463). */
import type { Status } from "#lib/smtp/status";

const defaultAdvice =
  "If the answer above does not tell you what to do, show this notice to whoever runs your mail.";

/** By `subject.detail`, then by subject alone. */
const adviceByCode: Readonly<Record<string, string>> = {
  "1": "Please check the address for typing mistakes.",
  "1.1":
    "There is no such mailbox. Please check the part before the @ for typing mistakes, or ask the person for the right address in another way.",
  "1.2": "There is no such domain. Please check the part behind the @ for typing mistakes.",
  "1.6": "The mailbox has moved and left no address. Please ask the person in another way.",
  "1.8": "Your own address was not accepted. Please show this notice to whoever runs your mail.",
  "1.10": "That domain takes no mail at all. Please ask the person for another address.",
  "2.1": "The mailbox is switched off. Please reach the person in another way.",
  "2.2": "The mailbox is full. Please try again later, or tell the person in another way.",
  "2.3": "Your message is too large for that mailbox. Please send a smaller one.",
  "3.1": "The other system has no room at present. Please try again later.",
  "3.4": "Your message is too large for that system. Please send a smaller one.",
  "4": "The other system could not be reached or did not work. Please try again later; if it lasts, check the part behind the @.",
  "4.4":
    "No working mail server was found for that domain. Please check the part behind the @ for typing mistakes.",
  "4.6":
    "The message went in a circle between mail servers. Please show this notice to whoever runs your mail.",
  "4.7": "The other system did not take the message in time. Please try again later.",
  "6.7": "That system does not take addresses with other than plain Latin letters.",
  "7": "The other system refused the message by its rules. Please show this notice to whoever runs your mail.",
};

export function adviceFor(status: Status): string {
  const code = status.slice(2);
  const subject = code.slice(0, code.indexOf("."));
  return adviceByCode[code] ?? adviceByCode[subject] ?? defaultAdvice;
}
