/** What a sink says when nothing is wrong, and to what is out of order. */
import { reply } from "./reply.ts";

export const replies = {
  ok: reply("250 2.0.0 Ok\r\n"),
  mail: reply("250 2.1.0 Ok\r\n"),
  rcpt: reply("250 2.1.5 Ok\r\n"),
  data: reply("354 Go on\r\n"),
  vrfy: reply("252 2.5.0 Perhaps\r\n"),
  quit: reply("221 2.0.0 Bye\r\n"),
  goOnWithAuth: reply("334 \r\n"),
  authenticated: reply("235 2.7.0 Welcome\r\n"),
  startTls: reply("220 2.0.0 Go on\r\n"),
  unknown: reply("500 5.5.2 What?\r\n"),
  notHere: reply("502 5.5.1 Not here\r\n"),
  noPath: reply("501 5.5.4 No path\r\n"),
  noSize: reply("501 5.5.4 No size\r\n"),
  nestedMail: reply("503 5.5.1 Nested MAIL\r\n"),
  needMail: reply("503 5.5.1 Need MAIL\r\n"),
  needRcpt: reply("503 5.5.1 Need RCPT\r\n"),
} as const;
