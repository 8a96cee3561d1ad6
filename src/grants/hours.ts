/** Working hours of a grant, in the wall time of one place on earth, daylight saving included. */
import type { Hours } from './policy.ts';

const DAY_NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Reads `Mon-Fri 08:00-18:00 Europe/Berlin`, also `Sat 09:00-12:00 UTC` and `Mon,Wed 08:00-24:00 …`; never across midnight. */
export function parseHours(text: string): { ok: true; hours: Hours } | { ok: false; problem: string } {
  const match = /^([A-Za-z,-]{3,40}) (\d\d):(\d\d)-(\d\d):(\d\d) ([A-Za-z0-9_+/-]{1,64})$/.exec(text);
  if (match === null) return { ok: false, problem: 'write hours like "Mon-Fri 08:00-18:00 Europe/Berlin"' };
  const [, dayText, fromHour, fromMin, toHour, toMin, timeZone] = match as unknown as [string, string, string, string, string, string, string];
  const days = parseDays(dayText);
  if (days === undefined) return { ok: false, problem: `"${dayText}" is not a list of days; write Mon-Fri or Mon,Wed,Fri` };
  const fromMinute = Number(fromHour) * 60 + Number(fromMin);
  const toMinute = Number(toHour) * 60 + Number(toMin);
  const validClock = Number(fromMin) < 60 && Number(toMin) < 60 && toMinute <= DAY_MINUTES;
  if (!validClock || fromMinute >= toMinute) {
    return { ok: false, problem: 'hours start before they end, on one day, between 00:00 and 24:00' };
  }
  if (!isTimeZone(timeZone)) return { ok: false, problem: `"${timeZone}" is not a time zone; write one like Europe/Berlin or UTC` };
  return { ok: true, hours: { text, days, fromMinute, toMinute, timeZone } };
}

/**
 * When the present working hours end, as the first millisecond outside them; undefined when `nowMs` is outside, and
 * Infinity when they never end. Hours that meet at midnight are one stretch.
 */
export function hoursEndMs(hours: Hours, nowMs: number): number | undefined {
  if (!isWithin(hours, wallMs(hours.timeZone, nowMs))) return undefined;
  if (hours.days.size === 7 && hours.fromMinute === 0 && hours.toMinute === DAY_MINUTES) return Number.POSITIVE_INFINITY;
  // Goes on from one end of day, or change of the clocks, to the next, until it lands outside.
  let ms = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  for (let wall = wallMs(hours.timeZone, ms); isWithin(hours, wall); wall = wallMs(hours.timeZone, ms)) {
    const endMs = ms + (hours.toMinute - minuteOfDay(wall)) * MINUTE_MS;
    ms = clockChangeMs(hours.timeZone, ms, endMs) ?? endMs;
  }
  return ms;
}

/** The first minute in (`fromMs`, `toMs`] at which the zone's distance from UTC is another one than at `fromMs`; undefined when it stays. */
function clockChangeMs(timeZone: string, fromMs: number, toMs: number): number | undefined {
  const offsetMs = wallMs(timeZone, fromMs) - fromMs;
  const isChanged = (ms: number): boolean => wallMs(timeZone, ms) - ms !== offsetMs;
  if (!isChanged(toMs)) return undefined;
  let [unchanged, changed] = [fromMs / MINUTE_MS, toMs / MINUTE_MS];
  while (changed - unchanged > 1) {
    const middle = Math.floor((unchanged + changed) / 2);
    if (isChanged(middle * MINUTE_MS)) changed = middle;
    else unchanged = middle;
  }
  return changed * MINUTE_MS;
}

function parseDays(text: string): ReadonlySet<number> | undefined {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first, last = first, ...rest] = part.split('-').map((name) => DAY_NAMES.indexOf(name as (typeof DAY_NAMES)[number]) + 1);
    if (first === undefined || last === undefined || rest.length > 0 || first === 0 || last === 0 || first > last) return undefined;
    for (let day = first; day <= last; day += 1) days.add(day);
  }
  return days;
}

function isTimeZone(timeZone: string): boolean {
  try {
    formatterFor(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** Formatters are costly to build (about 50 µs) and there are few zones: each is kept. Zones come from checked files only. */
function formatterFor(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-GB', {
      timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
    });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}

/** The wall clock of a zone, as the millisecond that UTC would show the same digits at. */
function wallMs(timeZone: string, ms: number): number {
  const parts = Object.fromEntries(formatterFor(timeZone).formatToParts(ms).map((part) => [part.type, Number(part.value)])) as Record<string, number>;
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** Whether hours hold at a wall clock, given as `wallMs` gives it. */
function isWithin({ days, fromMinute, toMinute }: Hours, wall: number): boolean {
  const minute = minuteOfDay(wall);
  const day = ((new Date(wall).getUTCDay() + 6) % 7) + 1;
  return days.has(day) && minute >= fromMinute && minute < toMinute;
}

const minuteOfDay = (wall: number): number => (wall / MINUTE_MS) % DAY_MINUTES;
