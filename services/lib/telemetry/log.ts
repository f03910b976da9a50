/** Events with a fixed name and the field's terms as keys; one line of JSON each. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Says nothing; for tests that do not look. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
