/** The present as a value. Rules take `nowMs` as a parameter; only the edge holds a clock. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** Whole seconds since the Unix epoch, as JWT claims want them (RFC 7519 NumericDate). */
export const toNumericDate = (ms: number): number => Math.floor(ms / 1000);

/** How far another machine's clock may be from ours before its statements are refused, in seconds. */
export const CLOCK_SKEW_SECONDS = 30;
