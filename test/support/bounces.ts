/** Bounces for tests. */
import type { Bounce } from "#lib/bounces/bounce";
import { destination, path, uid } from "./records.ts";

/** One of a mailbox that is not there; what it is about is told apart by the fields that are given. */
export function bounceOf(
  given: Partial<Omit<Bounce, "recipient">> & { readonly path?: string },
): Bounce {
  const { path: mailbox = "b@example.com", ...fields } = given;
  return {
    uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRA.0"),
    kind: "failed",
    at: 1_795_000_000_000,
    recipient: { path: path(mailbox) },
    reversePath: "a@source.example",
    destination: destination("example.com"),
    class: "bad-mailbox",
    rule: "status 5.1.1",
    status: "5.1.1",
    code: 550,
    text: "no such user",
    attempt: 1,
    ...fields,
  };
}
