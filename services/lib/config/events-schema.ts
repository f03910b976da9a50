/** The keys of `godwit.yaml` about events for senders' systems (ADR 0018). */
import { z } from "zod";
import { eventKinds } from "#proto/event-record";
import { bytes, span, text } from "./field.ts";

/** Whoever gets any is told how many are missing. */
const chosenKinds = eventKinds.filter((kind) => kind !== "dropped");

const file = z.strictObject({
  /** Without it: `events` in `data`. */
  folder: text.exactOptional(),
  rotate: z
    .strictObject({ size: bytes("1MiB").prefault("256MiB"), age: span("1m").prefault("1h") })
    .prefault({})
    .transform(({ size, age }) => ({ sizeBytes: size, ageMs: age })),
  keep: z
    .strictObject({ size: bytes("1MiB").prefault("4GiB"), age: span("1m").prefault("7d") })
    .prefault({})
    .transform(({ size, age }) => ({ sizeBytes: size, ageMs: age })),
});

export const eventsSchema = z.strictObject({
  /** Of standalone. */
  file: file.prefault({}),
  /** Of a cluster: `schema apply` makes it. */
  stream: z.boolean().default(false),
  /** `[]`: no events. */
  kinds: z.array(z.enum(chosenKinds)).default([...chosenKinds]),
});
