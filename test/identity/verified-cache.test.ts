import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { VerifiedCache } from '../../src/identity/verified-cache.ts';

const LATER = 1_000;

describe('regression 12: what is remembered of one token never answers for another', () => {
  test('tokens that differ in one character, at any place, are strangers', () => {
    const token = `${'a'.repeat(400)}.${'b'.repeat(600)}.${'c'.repeat(86)}`;
    const cache = new VerifiedCache<string>(5_000);
    cache.set(token, 'its claims', LATER);
    for (let at = 0; at < token.length; at += 1) {
      const other = `${token.slice(0, at)}${token[at] === 'x' ? 'y' : 'x'}${token.slice(at + 1)}`;
      assert.equal(cache.get(other, 0), undefined);
    }
    for (const other of [`${token}x`, token.slice(1), token.slice(0, -1), ` ${token}`, `${token} `, token.toUpperCase(), '', '__proto__', 'constructor']) assert.equal(cache.get(other, 0), undefined);
    assert.equal(cache.get(token, 0), 'its claims');
  });

  test('whatever was put in, in whichever order, only the same token gets it out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 6 }), fc.integer({ min: 1, max: 20 })), { maxLength: 40 }), fc.string({ maxLength: 6 }), fc.integer({ min: 0, max: 20 }), (puts, asked, nowMs) => {
        const cache = new VerifiedCache<{ readonly of: string }>(8);
        const last = new Map<string, number>();
        for (const [token, expiresMs] of puts) {
          cache.set(token, { of: token }, expiresMs);
          last.set(token, expiresMs);
        }
        assert.ok(cache.size <= 8);
        for (const token of [asked, ...last.keys()]) {
          const found = cache.get(token, nowMs);
          if (found !== undefined) assert.ok(found.of === token && (last.get(token) ?? 0) > nowMs);
        }
      }),
    );
  });
});

test('a token is forgotten at its end, to the millisecond', () => {
  const cache = new VerifiedCache<number>(10);
  cache.set('a', 1, LATER);
  assert.equal(cache.get('a', LATER - 1), 1);
  assert.equal(cache.get('a', LATER), undefined);
  assert.equal(cache.size, 0, 'and takes no room any more');
  assert.equal(cache.get('a', LATER - 1), undefined, 'also when the clock goes back');
});

test('it holds so many and no more: the oldest makes room', () => {
  const cache = new VerifiedCache<number>(3);
  for (let number = 0; number < 10; number += 1) cache.set(`token-${number}`, number, LATER);
  assert.equal(cache.size, 3);
  assert.deepEqual([6, 7, 8, 9].map((number) => cache.get(`token-${number}`, 0)), [undefined, 7, 8, 9]);
});

test('a token that is set again has its newest value, and pushes no other out', () => {
  const cache = new VerifiedCache<number>(2);
  cache.set('a', 1, LATER);
  cache.set('b', 2, LATER);
  cache.set('b', 3, LATER + 1);
  assert.deepEqual([cache.get('a', 0), cache.get('b', LATER)], [1, 3]);
});

test('everything is forgotten when the policy or the keys change', () => {
  const cache = new VerifiedCache<number>(10);
  cache.set('a', 1, LATER);
  cache.clear();
  assert.equal(cache.get('a', 0), undefined);
});
