/** Days and instants as the files write them. `Date` alone is not enough: it takes 30 February for 2 March. */

const DAY_MS = 86_400_000;

/** Whether a text of the form `2027-03-31` is a day of the calendar. */
export const isDay = (text: string): boolean => dayStartMs(text) !== undefined;

/** The first millisecond after a day such as `2027-03-31`, UTC; undefined when the calendar has no such day. */
export function dayEndMs(text: string): number | undefined {
  const startMs = dayStartMs(text);
  return startMs === undefined ? undefined : startMs + DAY_MS;
}

/** The millisecond of an instant such as `2027-03-31T18:00:00+02:00` (RFC 3339); undefined when there is no such one. */
export function instantMs(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || text.includes('T24') || !isDay(text.slice(0, 10)) ? undefined : ms;
}

function dayStartMs(text: string): number | undefined {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) ? ms : undefined;
}
