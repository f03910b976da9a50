/** What the queue's thread answers to who asks for a part of Store. */
import { StoreUnavailable } from "#lib/store/store";

/** What failed may be tried again: each call of a store may be repeated. */
export async function known<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StoreUnavailable(`Cannot use the store: ${reason}`, { cause });
  }
}
