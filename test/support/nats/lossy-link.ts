/** A connection to NATS that loses answers to publishes, on order. */
import type { NatsLinks } from "#lib/nats/connection";
import type { Link } from "#lib/nats/link";
import { instead } from "./instead.ts";

export interface LossyLinks {
  readonly links: NatsLinks;
  /** Of the next so many publishes that ask for an answer: they arrive, and nobody hears of it. */
  loseAnswers(count: number): void;
  /** Answers lost so far. */
  readonly lost: number;
}

export function lossyLinks(links: NatsLinks): LossyLinks {
  let left = 0;
  let lost = 0;
  const { publish: connection } = links;
  const publish: typeof connection.publish = (subject, data, options) => {
    if (options?.reply === undefined || left === 0)
      return connection.publish(subject, data, options);
    left -= 1;
    lost += 1;
    // To nobody: with an answer asked for, JetStream still stores what has no reply subject.
    const { headers } = options;
    connection.publish(subject, data, headers === undefined ? {} : { headers });
  };
  const lossy = instead(connection, { publish });
  const publishLink: Link = instead(links.publishLink, { connection: lossy });
  return {
    links: { ...links, publish: lossy, publishLink },
    loseAnswers: (count) => {
      left = count;
    },
    get lost() {
      return lost;
    },
  };
}
