/** Outcomes of attempts that no host has said. */
import type { Outcome } from "#lib/queue/outcome";

export const noHost: Outcome = {
  kind: "transient",
  scope: "destination",
  status: "4.4.1",
  reason: "no host of the destination could be reached",
};

export const allSkipped: Outcome = {
  kind: "transient",
  scope: "destination",
  status: "4.4.1",
  reason: "a rule on replies skips the hosts of the destination",
};

export const noFamily: Outcome = {
  kind: "transient",
  scope: "destination",
  status: "4.4.1",
  reason: "the source has no address of the kind that the hosts have",
};

export const closedAtOnce: Outcome = {
  kind: "transient",
  scope: "host",
  status: "4.4.2",
  reason: "connection closed by the remote host",
};
