/** A connection to NATS whose messages, on order, come later than others get theirs. */
import type { Msg } from "@nats-io/transport-node";
import type { NatsLinks } from "#lib/nats/connection";
import type { Link } from "#lib/nats/link";
import { instead } from "./instead.ts";

export interface LaggingLinks {
  readonly links: NatsLinks;
  /** From now on what comes for a consumer is kept back … */
  lag(): void;
  /** … and here it comes, in order. */
  catchUp(): void;
}

export function laggingLinks(links: NatsLinks): LaggingLinks {
  let isLagging = false;
  let kept: (() => void)[] = [];
  const { consume: connection } = links;
  const subscribe: typeof connection.subscribe = (subject, options) => {
    const { callback } = options ?? {};
    if (callback === undefined) return connection.subscribe(subject, options);
    const late = (error: Error | null, message: Msg) => {
      if (isLagging) kept.push(() => void callback(error, message));
      else void callback(error, message);
    };
    return connection.subscribe(subject, { ...options, callback: late });
  };
  const lagging = instead(connection, { subscribe });
  const consumeLink: Link = instead(links.consumeLink, { connection: lagging });
  return {
    links: { ...links, consume: lagging, consumeLink },
    lag: () => {
      isLagging = true;
    },
    catchUp: () => {
      isLagging = false;
      for (const come of kept) come();
      kept = [];
    },
  };
}
