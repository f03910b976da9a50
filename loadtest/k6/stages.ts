/** The shapes of load: how many virtual users at what time. Pure: k6 and the tests read it alike. */
import type { Stage } from "k6/options";

/** A part of the whole time, and where it leads, of `vus` users. */
interface Part {
  readonly time: number;
  readonly users: number;
}

/** Up, a plateau, down. */
const ramp: readonly Part[] = [
  { time: 0.5, users: 1 },
  { time: 0.4, users: 1 },
  { time: 0.1, users: 0 },
];

/** A tenth of the users, all of them at once, and as long again to see it recover. */
const spike: readonly Part[] = [
  { time: 0.05, users: 0.1 },
  { time: 0.25, users: 0.1 },
  { time: 0.05, users: 1 },
  { time: 0.25, users: 1 },
  { time: 0.05, users: 0.1 },
  { time: 0.35, users: 0.1 },
];

/** Four stairs, each steep and then level. */
const stress: readonly Part[] = [0.25, 0.5, 0.75, 1].flatMap((users) => [
  { time: 0.05, users },
  { time: 0.2, users },
]);

const shapes = { ramp, spike, stress } as const;

export type Shape = keyof typeof shapes;

export function stagesOf(shape: Shape, vus: number, durationMs: number): Stage[] {
  return shapes[shape].map(({ time, users }) => ({
    duration: `${Math.round(time * durationMs)}ms`,
    // A tenth of a few is one of them all the same.
    target: Math.ceil(users * vus),
  }));
}
