import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, ENTRY_KINDS, type EntryDraft, leafHashOf } from '../../src/ledger/entry.ts';

const NOW = Date.parse('2027-01-15T13:00:00.123Z');
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('leaf hashes are those of RFC 6962', () => {
  // Test vectors of certificate-transparency-go: the first leaves of its reference tree.
  const vectors: readonly (readonly [string, string])[] = [
    ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    ['00', '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'],
    ['10', '0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7'],
  ];
  for (const [leaf, hash] of vectors) test(`of "${leaf}"`, () => assert.equal(Buffer.from(leafHashOf(Buffer.from(leaf, 'hex'))).toString('hex'), hash));

  test('an entry carries the one of its own bytes', () => {
    const { bytes: encoded, leafHash } = encodeEntry({ kind: 'token.issued', outcome: 'ok' }, NOW);
    assert.deepEqual(Buffer.from(leafHash), createHash('sha256').update('\0').update(encoded).digest());
  });
});

test('an entry is JSON with its version and time first, and no position', () => {
  assert.equal(
    text(encodeEntry({ kind: 'token.denied', outcome: 'denied', agent: 'support-agent', reasons: [{ reason: 'no_grant', detail: 'none' }] }, NOW).bytes),
    '{"v":1,"time":"2027-01-15T13:00:00.123Z","kind":"token.denied","outcome":"denied","agent":"support-agent","reasons":[{"reason":"no_grant","detail":"none"}]}',
  );
});

describe('bytes that are no entry are damage', () => {
  const good = { v: 1, time: '2027-01-15T13:00:00.123Z', kind: 'token.issued', outcome: 'ok' };
  test('while a good one is read', () => assert.deepEqual(decodeEntry(bytes(good)), good));
  const damaged: Readonly<Record<string, Uint8Array>> = {
    'an unknown key': bytes({ ...good, extra: 1 }),
    'an unknown kind': bytes({ ...good, kind: 'token.eaten' }),
    'an unknown outcome': bytes({ ...good, outcome: 'fine' }),
    'another version': bytes({ ...good, v: 2 }),
    'no time': bytes({ ...good, time: undefined }),
    'a time without milliseconds': bytes({ ...good, time: '2027-01-15T13:00:00Z' }),
    'a count of nothing': bytes({ ...good, count: 0 }),
    'half of it': bytes(good).subarray(0, 30),
    'text that is not UTF-8': Buffer.concat([bytes(good).subarray(0, -2), Uint8Array.of(0xff, 0x22, 0x7d)]),
  };
  for (const [what, entry] of Object.entries(damaged)) test(what, () => assert.throws(() => decodeEntry(entry)));
});

test('whatever is written is read back', () => {
  const some = fc.string({ unit: 'binary', maxLength: 40 });
  const draft = fc.record(
    {
      kind: fc.constantFrom(...ENTRY_KINDS),
      outcome: fc.constantFrom('ok', 'failed', 'retried', 'denied'),
      requester: some, agent: some, prompt: some, detail: some,
      actions: fc.array(some, { maxLength: 3 }),
      records: fc.array(some, { maxLength: 3 }),
      reasons: fc.array(fc.record({ reason: some, detail: some }, { noNullPrototype: true }), { maxLength: 3 }),
      count: fc.integer({ min: 1 }),
      duration_ms: fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0),
    },
    { requiredKeys: ['kind', 'outcome'], noNullPrototype: true },
  ) as fc.Arbitrary<EntryDraft>;
  fc.assert(
    fc.property(draft, fc.integer({ min: 0, max: 4e12 }), (stated, nowMs) => {
      const { v, time, ...read } = decodeEntry(encodeEntry(stated, nowMs).bytes);
      assert.equal(v, 1);
      assert.equal(Date.parse(time), nowMs);
      assert.deepEqual(read, stated);
    }),
  );
});
