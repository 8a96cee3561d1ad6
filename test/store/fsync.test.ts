/** What the kernel saw: the log is synced to the disk before an issuance is acknowledged, and the witness before a stop is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeFolder } from './sqlite-files.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const skip = hasStrace ? false : 'strace is not installed: `apt-get install strace`';

test('every acknowledgement leaves after the log was synced, and that of a stop after its witness was too', { skip }, (t) => {
  const { folder, file } = storeFolder(t);
  const trace = join(folder, 'trace');
  const calls = 'trace=pwrite64,write,fsync,fdatasync';
  const child = [process.execPath, new URL('./children/issuing.ts', import.meta.url).pathname, file, '8', '5', '1'];
  const { status, stderr } = spawnSync('strace', ['-f', '-y', '-qq', '-s', '32', '-e', calls, '-o', trace, ...child], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);

  const events = eventsOf(readFileSync(trace, 'utf8'), file);
  const acknowledged: string[] = [];
  let since: string[] = [];
  for (const event of events) {
    if (!event.startsWith('acknowledged ')) {
      since.push(event);
      continue;
    }
    const number = event.slice('acknowledged '.length);
    acknowledged.push(number);
    assert.ok(since.includes('log written'), `issuance ${number} was written: ${since.join(', ')}`);
    assert.ok(since.lastIndexOf('log synced') > since.lastIndexOf('log written'), `issuance ${number} was synced before its answer: ${since.join(', ')}`);
    if (Number(number) % 10 === 0) {
      assert.ok(since.lastIndexOf('witness synced') > since.lastIndexOf('witness written'), `stop ${number} has its witness: ${since.join(', ')}`);
      assert.ok(since.includes('witness written'));
    }
    since = [];
  }
  assert.deepEqual(acknowledged, ['8', '9', '10', '11', '12']);
});

/** The calls that matter, in order: a write to the store or a sync counts when it is done, an acknowledgement when it begins. */
function eventsOf(trace: string, file: string): readonly string[] {
  const events: string[] = [];
  const unfinished = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [, thread = '', call = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(call)?.[1];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(call)?.[1];
    if (begun !== undefined) unfinished.set(thread, begun);
    const acknowledged = resumed === undefined ? /^write\(1<.*?>, "(\d+)\\n"/.exec(call)?.[1] : undefined;
    if (acknowledged !== undefined) events.push(`acknowledged ${acknowledged}`);
    if (begun !== undefined) continue;
    const done = resumed === undefined ? call : `${unfinished.get(thread)}${resumed}`;
    const [, name, path, result] = /^(\w+)\(\d+<(.*?)>.*\)\s+= (-?\d+)/.exec(done) ?? [];
    const what = path === `${file}-wal` ? 'log' : path === `${file}.witness` ? 'witness' : undefined;
    if (what === undefined || Number(result) < 0) continue;
    events.push(name === 'fsync' || name === 'fdatasync' ? `${what} synced` : `${what} written`);
  }
  return events;
}
