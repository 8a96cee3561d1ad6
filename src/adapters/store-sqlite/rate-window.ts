/** Fixed windows: the first begins at the Unix epoch, each is `windowMs` long, its start belongs to it and its end does not. */

/** When the window that `nowMs` falls into began, in milliseconds since the Unix epoch. */
export const windowStart = (windowMs: number, nowMs: number): number => Math.floor(nowMs / windowMs) * windowMs;
