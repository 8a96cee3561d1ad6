/** Working hours of a grant, in the wall time of one place on earth, daylight saving included. */
import type { Hours } from './policy.ts';

const DAY_NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const MINUTE_MS = 60_000;
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
  const validClock = Number(fromMin) < 60 && Number(toMin) < 60 && toMinute <= 24 * 60;
  if (!validClock || fromMinute >= toMinute) {
    return { ok: false, problem: 'hours start before they end, on one day, between 00:00 and 24:00' };
  }
  if (!isTimeZone(timeZone)) return { ok: false, problem: `"${timeZone}" is not a time zone; write one like Europe/Berlin or UTC` };
  return { ok: true, hours: { text, days, fromMinute, toMinute, timeZone } };
}

/** When the present working hours end, as the first millisecond outside them; undefined when `nowMs` is outside. */
export function hoursEndMs(hours: Hours, nowMs: number): number | undefined {
  const now = wallTime(hours.timeZone, nowMs);
  if (!hours.days.has(now.day) || now.minute < hours.fromMinute || now.minute >= hours.toMinute) return undefined;
  const minuteStartMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const naiveEndMs = minuteStartMs + (hours.toMinute - now.minute) * MINUTE_MS;
  // A daylight-saving change between now and the end moves the end by the change of the offset.
  const shiftMs = (offsetMinutes(hours.timeZone, minuteStartMs) - offsetMinutes(hours.timeZone, naiveEndMs)) * MINUTE_MS;
  return naiveEndMs + shiftMs;
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

function wallTime(timeZone: string, ms: number): { day: number; minute: number } {
  const wall = new Date(wallMs(timeZone, ms));
  return { day: ((wall.getUTCDay() + 6) % 7) + 1, minute: wall.getUTCHours() * 60 + wall.getUTCMinutes() };
}

const offsetMinutes = (timeZone: string, ms: number): number =>
  (wallMs(timeZone, ms) - Math.floor(ms / MINUTE_MS) * MINUTE_MS) / MINUTE_MS;
