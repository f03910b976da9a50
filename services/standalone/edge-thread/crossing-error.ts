/** An error on its way to another thread: its class would be lost, so its name goes along. */
import { IntakeFull, IntakeUnavailable } from "#lib/stream/intake";

export interface CrossingError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: CrossingError;
}

/** Thrown elsewhere, and told here. */
class CrossedError extends Error {
  override readonly name: string;

  constructor({ name, message, stack, cause }: CrossingError) {
    super(message, cause === undefined ? {} : { cause: errorFrom(cause) });
    this.name = name;
    if (stack !== undefined) this.stack = stack;
  }
}

export function crossing(error: unknown): CrossingError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: crossing(cause) }),
  };
}

/** With the class that somebody branches on, where there is one. */
export function errorFrom(crossed: CrossingError): Error {
  const { name, message, cause } = crossed;
  if (name === "IntakeFull") return new IntakeFull(message);
  if (name === "IntakeUnavailable") {
    return new IntakeUnavailable(message, cause === undefined ? {} : { cause: errorFrom(cause) });
  }
  return new CrossedError(crossed);
}
