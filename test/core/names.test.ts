import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toNumericDate } from '../../src/core/clock.ts';
import { NAME_PATTERN, newDecisionId, newStopId, newTokenId, openerOf, PERSON_PATTERN, RANDOM_ID_PATTERN, sessionOpenedBy } from '../../src/core/names.ts';

describe('regression 20: names are plain ASCII', () => {
  for (const name of ['a', '0', 'orders', 'orders.read', 'support-agent', 'a_b', 'a'.repeat(64)]) test(`"${name}" is one`, () => assert.match(name, NAME_PATTERN));
  for (const name of ['', '.a', '-a', '_a', 'A', 'Orders', 'a b', 'a/b', '*', 'a*', 'a:b', 'a@b', 'ä', 'а', 'a\u200b', 'a\u0000', 'a\n', 'a'.repeat(65), 'ﬁ', 'ａ']) {
    test(`${JSON.stringify(name)} is none`, () => assert.doesNotMatch(name, NAME_PATTERN));
  }
});

describe('people are named like e-mail addresses', () => {
  for (const id of ['dana@example.com', 'kim.lee+x@mail.example.com', 'a@b']) test(`"${id}"`, () => assert.match(id, PERSON_PATTERN));
  for (const id of ['dana', '@example.com', 'dana@', 'Dana@example.com', 'dana@example.com@x', 'dana @example.com', 'dana@example.com\n', 'dána@example.com', 'dana@*', `${'a'.repeat(65)}@b`]) {
    test(`not ${JSON.stringify(id)}`, () => assert.doesNotMatch(id, PERSON_PATTERN));
  }
  test('so that nobody is at once a person and an agent', () => assert.doesNotMatch('dana@example.com', NAME_PATTERN));
});

test('random ids say what they are of, and never come twice', () => {
  for (const [draw, prefix] of [[() => newTokenId(1_795_000_000_000), 'tok_'], [newStopId, 'stp_'], [newDecisionId, 'dec_']] as const) {
    const ids = Array.from({ length: 1_000 }, (): string => draw());
    assert.ok(ids.every((id) => id.startsWith(prefix) && RANDOM_ID_PATTERN.test(id)));
    assert.equal(new Set(ids).size, ids.length);
  }
});

test('ids of tokens are in the order of their times, and lead to the session that they opened and back', () => {
  const ids = [1, 1_795_000_000_000, 1_795_000_000_001, 2 ** 48 - 1].map((nowMs) => newTokenId(nowMs));
  assert.deepEqual(ids.map((id) => Buffer.from(id.slice(4), 'base64url').readUIntBE(0, 6)), [1, 1_795_000_000_000, 1_795_000_000_001, 2 ** 48 - 1]);
  for (const id of ids) {
    assert.match(sessionOpenedBy(id), RANDOM_ID_PATTERN);
    assert.equal(openerOf(sessionOpenedBy(id)), id);
  }
});

test('a moment in a JWT is the second that has begun', () => assert.deepEqual([0, 999, 1_000, 1_999].map(toNumericDate), [0, 0, 1, 1]));
