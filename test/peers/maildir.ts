/** Waits for mail to arrive in a maildir. */
import { readdir, readFile, watch } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "#lib/clock";

/** The messages in `new`, as soon as there are `count`. Rejects after `withinMs`. */
export async function mailIn(
  maildir: string,
  { count = 1, withinMs = 20_000 }: { readonly count?: number; readonly withinMs?: number } = {},
): Promise<Buffer[]> {
  const directory = join(maildir, "new");
  const controller = new AbortController();
  const cancel = systemClock.after(withinMs, () => controller.abort());
  try {
    const changes = watch(directory, { signal: controller.signal });
    // The watch stands before the first look, so nothing slips in between.
    const next = changes[Symbol.asyncIterator]();
    for (;;) {
      const change = next.next();
      const names = await readdir(directory);
      if (names.length >= count) {
        change.catch(() => {});
        return await Promise.all(names.sort().map((name) => readFile(join(directory, name))));
      }
      await change;
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    const found = (await readdir(directory)).length;
    throw new Error(`Cannot find ${count} messages in ${maildir} in time: there are ${found}`);
  } finally {
    cancel();
    controller.abort();
  }
}
