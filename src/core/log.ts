/** Where the broker tells its operator what happened, one line each: what a pino logger is. Never a secret among the fields. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
