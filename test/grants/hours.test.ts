import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hoursEndMs, parseHours } from '../../src/grants/hours.ts';
import { hoursOf } from './policy-builder.ts';

const at = (instant: string): number => Date.parse(instant);
const end = (hours: string, instant: string): string | undefined => {
  const ms = hoursEndMs(hoursOf(hours), at(instant));
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

describe('hours are written as days, from-to and a zone', () => {
  for (const text of ['Mon-Fri 08:00-18:00 Europe/Berlin', 'Sat 09:00-12:00 UTC', 'Mon,Wed 08:00-24:00 Asia/Kathmandu', 'Mon-Tue,Sun 00:00-24:00 UTC']) {
    test(`"${text}" is understood`, () => assert.ok(parseHours(text).ok));
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /write hours like/],
    ['always', /write hours like/],
    ['Mon-Fri 8:00-18:00 UTC', /write hours like/],
    ['Mon-Fri 08:00-18:00', /write hours like/],
    ['Mon-Fri 08:00-18:00 UTC and more', /write hours like/],
    ['mon-fri 08:00-18:00 UTC', /not a list of days/],
    ['Fri-Mon 08:00-18:00 UTC', /not a list of days/],
    ['Mon-Wed-Fri 08:00-18:00 UTC', /not a list of days/],
    ['Mon,,Fri 08:00-18:00 UTC', /not a list of days/],
    ['Mon 22:00-06:00 UTC', /start before they end/],
    ['Mon 08:00-08:00 UTC', /start before they end/],
    ['Mon 08:60-09:00 UTC', /start before they end/],
    ['Mon 08:00-24:01 UTC', /start before they end/],
    ['Mon 08:00-18:00 Europe/Atlantis', /not a time zone/],
  ];
  for (const [text, problem] of refused) {
    test(`"${text}" is refused, with what to write instead`, () => {
      const parsed = parseHours(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.problem, problem);
    });
  }
});

describe('hours hold from their first millisecond to the one before their end', () => {
  const office = 'Mon-Fri 08:00-18:00 Europe/Berlin';
  const table: readonly (readonly [string, string | undefined])[] = [
    ['2027-01-04T06:59:59.999Z', undefined],
    ['2027-01-04T07:00:00.000Z', '2027-01-04T17:00:00.000Z'],
    ['2027-01-04T12:34:56.789Z', '2027-01-04T17:00:00.000Z'],
    ['2027-01-04T16:59:59.999Z', '2027-01-04T17:00:00.000Z'],
    ['2027-01-04T17:00:00.000Z', undefined],
    ['2027-07-05T05:59:59.999Z', undefined],
    ['2027-07-05T06:00:00.000Z', '2027-07-05T16:00:00.000Z'],
    ['2027-01-09T12:00:00.000Z', undefined],
  ];
  for (const [now, expected] of table) {
    test(`office hours in Berlin at ${now}: ${expected ?? 'outside'}`, () => assert.equal(end(office, now), expected));
  }

  test('hours that meet at midnight are one stretch, so that no token is cut short there', () => {
    assert.equal(end('Mon-Tue 00:00-24:00 UTC', '2027-01-04T23:59:59Z'), '2027-01-06T00:00:00.000Z');
    assert.equal(end('Mon-Tue 01:00-24:00 UTC', '2027-01-04T23:59:59Z'), '2027-01-05T00:00:00.000Z');
  });

  test('hours of the whole week never end', () => {
    assert.equal(hoursEndMs(hoursOf('Mon-Sun 00:00-24:00 UTC'), at('2027-01-04T23:59:59Z')), Number.POSITIVE_INFINITY);
  });
});

describe('a change of the clocks moves the end with the wall clock (Europe/Berlin, 28 March and 31 October 2027)', () => {
  const table: readonly (readonly [string, string, string | undefined, string])[] = [
    ['Sun 00:00-18:00 Europe/Berlin', '2027-03-28T00:30:00Z', '2027-03-28T16:00:00.000Z', 'spring: the day is an hour shorter'],
    ['Sun 00:00-18:00 Europe/Berlin', '2027-10-30T23:30:00Z', '2027-10-31T17:00:00.000Z', 'autumn: the day is an hour longer'],
    ['Sun 00:00-02:30 Europe/Berlin', '2027-03-28T00:59:59.999Z', '2027-03-28T01:00:00.000Z', 'spring: an end that does not exist is the change itself'],
    ['Sun 02:30-05:00 Europe/Berlin', '2027-03-28T01:00:00Z', '2027-03-28T03:00:00.000Z', 'spring: a start that does not exist is the change itself'],
    ['Sun 02:30-05:00 Europe/Berlin', '2027-03-28T00:59:59.999Z', undefined, 'spring: not before it'],
    ['Sun 00:00-02:30 Europe/Berlin', '2027-10-31T00:29:59.999Z', '2027-10-31T00:30:00.000Z', 'autumn: the first 02:30 ends it'],
    ['Sun 00:00-02:30 Europe/Berlin', '2027-10-31T00:30:00Z', undefined, 'autumn: outside between the two'],
    ['Sun 00:00-02:30 Europe/Berlin', '2027-10-31T01:00:00Z', '2027-10-31T01:30:00.000Z', 'autumn: inside again after the change'],
    ['Sun 02:30-05:00 Europe/Berlin', '2027-10-31T00:45:00Z', '2027-10-31T01:00:00.000Z', 'autumn: the change puts the clock back before the start'],
  ];
  for (const [hours, now, expected, what] of table) test(what, () => assert.equal(end(hours, now), expected));
});

test('for any hours and any moment: inside up to the end, and outside at it', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/St_Johns'];
  const days = ['Mon', 'Sun', 'Mon-Fri', 'Fri-Sun', 'Mon,Wed,Sat', 'Mon-Sat'];
  const clock = fc.integer({ min: 0, max: 48 }).map((half) => half * 30);
  const text = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  // Half of the moments lie within two days of a change of the clocks in Berlin, New York or Cairo.
  const changes = ['2027-03-28T01:00:00Z', '2027-10-31T01:00:00Z', '2027-03-14T07:00:00Z', '2027-11-07T06:00:00Z', '2027-04-29T22:00:00Z', '2027-10-28T21:00:00Z'];
  const anyMoment = fc.integer({ min: at('2027-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') });
  const nearChange = fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -2 * 86_400_000, max: 2 * 86_400_000 })).map(([change, ms]) => at(change) + ms);
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.constantFrom(...days), clock, clock, fc.oneof(anyMoment, nearChange), fc.double({ min: 0, max: 1, noNaN: true }), (zone, day, a, b, nowMs, part) => {
      fc.pre(a !== b);
      const hours = hoursOf(`${day} ${text(Math.min(a, b))}-${text(Math.max(a, b))} ${zone}`);
      const endMs = hoursEndMs(hours, nowMs);
      if (endMs === undefined) return;
      assert.ok(endMs > nowMs);
      assert.equal(hoursEndMs(hours, endMs), undefined);
      assert.equal(hoursEndMs(hours, endMs - 1), endMs);
      assert.equal(hoursEndMs(hours, nowMs + Math.floor((endMs - 1 - nowMs) * part)), endMs);
    }),
    { numRuns: 400 },
  );
});
