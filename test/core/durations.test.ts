import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseCallRate, parseDurationSeconds } from '../../src/core/durations.ts';

describe('durations are a whole number and one unit', () => {
  const understood: readonly (readonly [string, number])[] = [['30s', 30], ['5m', 300], ['1h', 3_600], ['7d', 604_800], ['999999s', 999_999]];
  for (const [text, seconds] of understood) test(`"${text}" is ${seconds} seconds`, () => assert.equal(parseDurationSeconds(text), seconds));
  for (const text of ['', '5', 'm', '0s', '05m', '5 m', ' 5m', '5m ', '5m\n', '1h30m', '1.5h', '-5m', '+5m', '5M', '5min', '1w', '1000000s', '५m', 'PT5M']) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseDurationSeconds(text), undefined));
  }
  test('what is written can be read', () =>
    fc.assert(fc.property(fc.integer({ min: 1, max: 999_999 }), (seconds) => assert.equal(parseDurationSeconds(formatDuration(seconds)), seconds))));
  test('the largest unit that fits is written', () => assert.deepEqual([300, 3_600, 5_400, 86_400, 61].map(formatDuration), ['5m', '1h', '90m', '1d', '61s']));
});

describe('rates are calls per second, minute, hour or day', () => {
  const understood: readonly (readonly [string, number, number])[] = [['1/s', 1, 1], ['60/min', 60, 60], ['3600/h', 3_600, 3_600], ['5/day', 5, 86_400]];
  for (const [text, calls, windowSeconds] of understood) test(`"${text}"`, () => assert.deepEqual(parseCallRate(text), { calls, windowSeconds }));
  for (const text of ['', '60', '/min', '0/min', '060/min', '60 / min', '60/minute', '60/m', '60/d', '1.5/s', '-1/s', '60/min\n', '10000000/s']) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseCallRate(text), undefined));
  }
});
