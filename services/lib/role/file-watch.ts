/** Tells when files are others than before, for who cannot be sent a signal: mounted secrets change by themselves. */
import type { CancelTimer, Clock } from "#lib/clock";

export interface FileWatch {
  readonly clock: Clock;
  /** Of all files together. Never throws. */
  readonly fingerprint: () => string;
  readonly changed: () => void;
}

const everyMs = 10_000;

/** Until the result is called. */
export function watchFiles({ clock, fingerprint, changed }: FileWatch): CancelTimer {
  let known = fingerprint();
  const look = () => {
    const found = fingerprint();
    cancel = clock.after(everyMs, look);
    if (found === known) return;
    known = found;
    changed();
  };
  let cancel = clock.after(everyMs, look);
  return () => cancel();
}
