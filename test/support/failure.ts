/** What a promise rejects with. */

/**
 * Not `expect().rejects`: it blocks while it waits, and sockets and threads stand still meanwhile.
 */
export function failureOf(pending: Promise<unknown>): Promise<unknown> {
  return pending.then(
    () => "nothing failed",
    (error: unknown) => error,
  );
}
