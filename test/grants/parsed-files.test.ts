import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../src/grants/compile.ts';
import { ParsedFiles } from '../../src/grants/parsed-files.ts';
import { filesWith, goodFiles } from './grant-folder.ts';

const grant = goodFiles['support-orders.yaml'] ?? '';
const noTurn = (): Promise<void> => Promise.resolve();

test('a folder compiles to the same policy, or to the same problems, whatever was parsed before', async () => {
  const parsed = new ParsedFiles();
  const good = filesWith();
  const edited = filesWith({ 'support-orders.yaml': grant.replace('records: 1', 'records: 2') });
  const broken = filesWith({ 'support-orders.yaml': 'grant: [' });
  const fewer = filesWith({ 'support-orders.yaml': undefined });
  for (const files of [good, edited, broken, good, fewer, broken, edited]) {
    await parsed.prepare(files, noTurn);
    const [again, fresh] = [compilePolicy(files, parsed), compilePolicy(files)];
    assert.equal(again.ok, fresh.ok);
    assert.deepEqual(again.ok ? again.policy.digest : again.problems, fresh.ok ? fresh.policy.digest : fresh.problems);
  }
});

test('others get their turn while a large folder is parsed, and what is known is not parsed again', async () => {
  const parsed = new ParsedFiles();
  const files = new Map([...filesWith(), ...Array.from({ length: 200 }, (_, index) => [`g${index}.yaml`, grant.replace('grant: support-orders', `grant: g${index}`)] as const)]);
  let turns = 0;
  const turn = async (): Promise<void> => {
    turns += 1;
  };
  await parsed.prepare(files, turn);
  assert.ok(turns >= 10, `${turns} turns`);
  await parsed.prepare(files, turn);
  await parsed.prepare(files.set('g7.yaml', `${files.get('g7.yaml')}\n`), turn);
  assert.ok(turns <= 11, `${turns} turns after looking twice more`);
});
