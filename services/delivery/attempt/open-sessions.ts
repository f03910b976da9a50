/**
 * Every session from before its connection is there until it is gone: one that said QUIT, or heard
 * 421, is still one of those that the other side counts.
 */
import { Fifo } from "#lib/queue/fifo";
import type { Destination } from "#lib/queue/unit";
import type { RemoteSession, SessionWatcher } from "./remote-session.ts";

/** A session's place among those of its destination, taken before it connects. */
export interface Place extends SessionWatcher {
  /** It did not come to a session. */
  release(): void;
}

interface Places {
  readonly sessions: Set<RemoteSession>;
  readonly waiting: Fifo<() => void>;
  connecting: number;
}

export class OpenSessions {
  readonly #byDestination = new Map<Destination, Places>();

  countOf(destination: Destination): number {
    const places = this.#byDestination.get(destination);
    return places === undefined ? 0 : places.sessions.size + places.connecting;
  }

  /**
   * One more, within `max`: what is leaving leaves at once, as far as that is needed. Who has his
   * sessions bounded waits here only for those of a shard that was given back and taken again.
   */
  async take(destination: Destination, max: number): Promise<Place> {
    const places = this.#placesOf(destination);
    makeRoom(places, max - 1);
    while (places.sessions.size + places.connecting >= max) {
      await new Promise<void>((resolve) => places.waiting.push(resolve));
    }
    places.connecting += 1;
    let isConnecting = true;
    const release = () => {
      if (isConnecting) places.connecting -= 1;
      isConnecting = false;
    };
    return {
      opened: (session) => {
        places.sessions.add(session);
        release();
      },
      gone: (session) => {
        places.sessions.delete(session);
        this.#left(destination);
      },
      release: () => {
        release();
        this.#left(destination);
      },
    };
  }

  #placesOf(destination: Destination): Places {
    let places = this.#byDestination.get(destination);
    if (places === undefined) {
      places = { sessions: new Set(), waiting: new Fifo(), connecting: 0 };
      this.#byDestination.set(destination, places);
    }
    return places;
  }

  #left(destination: Destination): void {
    const places = this.#byDestination.get(destination);
    if (places === undefined) return;
    const wake = places.waiting.shift();
    if (wake !== undefined) wake();
    else if (places.sessions.size + places.connecting === 0)
      this.#byDestination.delete(destination);
  }
}

function makeRoom({ sessions, connecting }: Places, max: number): void {
  let count = sessions.size + connecting;
  for (const session of [...sessions]) {
    if (count <= max) return;
    if (session.isOpen) continue;
    session.abort();
    count -= 1;
  }
}
