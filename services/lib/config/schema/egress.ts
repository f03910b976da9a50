/** From where mail goes out: sources, and the pools that share mail among them. */
import { z } from "zod";
import { count, field, name, portForm, text, textField } from "../field.ts";
import { type Sources, secret } from "../secret.ts";
import { address, hostname, ok, port, type ValueParser } from "../value.ts";

/** RFC 1929: a length of one octet. */
const password: ValueParser<string> = (value) => {
  if (typeof value === "string" && value.length > 0 && Buffer.byteLength(value) < 256) {
    return ok(value);
  }
  return { ok: false, message: "is no password", hint: "1 to 255 octets" };
};

export function sourcesSchema(secrets: Sources) {
  const proxy = z
    .strictObject({
      kind: z.enum(["socks5", "proxyProtocol"]),
      address: textField(address),
      port: field(port, portForm),
      /** Of socks5. */
      user: text.exactOptional(),
      password: secret(secrets, password).exactOptional(),
    })
    .transform(({ kind, address: at, port: number, user, password: word = "" }) => ({
      kind,
      at: { address: at, port: number },
      ...(user === undefined || kind !== "socks5" ? {} : { login: { user, password: word } }),
    }));
  const source = z.strictObject({
    name,
    /** Of this machine, or of the proxyProtocol's proxy. */
    address: textField(address).exactOptional(),
    /** Argument of EHLO. */
    hostname: textField<string>(hostname).exactOptional(),
    proxy: proxy.exactOptional(),
  });
  return z.array(source).default([]);
}

const poolRule = z.strictObject({
  tenant: name.exactOptional(),
  campaign: name.exactOptional(),
  destination: textField<string>(hostname).exactOptional(),
});

export const poolsSchema = z
  .array(
    z.strictObject({
      name,
      /** Name and weight of each. */
      sources: z.record(z.string(), count(1, 1_000)),
      for: z.array(poolRule).default([]),
    }),
  )
  .default([]);
