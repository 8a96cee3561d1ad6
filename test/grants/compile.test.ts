import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../src/grants/compile.ts';
import { filesWith } from './grant-folder.ts';

test('a good folder compiles, with every value in the form that decisions need', () => {
  const compiled = compilePolicy(filesWith());
  assert.ok(compiled.ok, JSON.stringify(compiled));
  const [grant] = compiled.policy.grants.values();
  assert.equal(grant?.expiresMs, Date.parse('2027-04-01T00:00:00Z'));
});
