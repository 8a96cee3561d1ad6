import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchGrantsFolder } from '../../../src/adapters/grants-folder/watch-grants-folder.ts';
import { tempFolder } from './temp-folder.ts';

interface Watching {
  /** Becomes true when it is asked again after some call; asked at each call. */
  until(isSeen: () => boolean): Promise<void>;
  readonly calls: number;
  stop(): void;
}

/** Watches until the test is over. */
function watching(t: TestContext, folder: string): Watching {
  const controller = new AbortController();
  t.after(() => controller.abort());
  let calls = 0;
  let onCall = (): void => undefined;
  watchGrantsFolder(folder, () => {
    calls += 1;
    onCall();
  }, controller.signal);
  return {
    until: (isSeen) =>
      new Promise((resolve) => {
        onCall = () => {
          if (isSeen()) resolve();
        };
      }),
    get calls() {
      return calls;
    },
    stop: () => controller.abort(),
  };
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

describe('a change is told', { timeout: 30_000 }, () => {
  test('when a file is edited, in the folder or in one inside it', async (t) => {
    const folder = tempFolder(t, { 'people.yaml': 'old', 'tools/orders.yaml': 'old', 'keys/team/a.jwk': 'old' });
    const watch = watching(t, folder.path);
    for (const path of ['people.yaml', 'tools/orders.yaml', 'keys/team/a.jwk']) {
      const told = watch.until(() => textOf(join(folder.path, path)) === 'new');
      folder.write(path, 'new');
      await told;
    }
  });

  test('when a file is replaced by renaming, as editors and git do', async (t) => {
    const folder = tempFolder(t, { 'people.yaml': 'old' });
    const watch = watching(t, folder.path);
    for (const text of ['new', 'newer']) {
      const told = watch.until(() => textOf(join(folder.path, 'people.yaml')) === text);
      folder.write('.people.tmp', text);
      renameSync(join(folder.path, '.people.tmp'), join(folder.path, 'people.yaml'));
      await told;
    }
  });

  test('when a file is added or removed', async (t) => {
    const folder = tempFolder(t);
    const watch = watching(t, folder.path);
    const added = watch.until(() => textOf(join(folder.path, 'a.yaml')) === 'new');
    folder.write('a.yaml', 'new');
    await added;
    const removed = watch.until(() => textOf(join(folder.path, 'a.yaml')) === undefined);
    folder.remove('a.yaml');
    await removed;
  });

  test('when a folder is added, and when a file in it is edited later', async (t) => {
    const folder = tempFolder(t);
    const watch = watching(t, folder.path);
    for (const text of ['new', 'newer']) {
      const told = watch.until(() => textOf(join(folder.path, 'tools/orders.yaml')) === text);
      folder.write('tools/orders.yaml', text);
      await told;
    }
  });

  test('when a folder inside is removed and made again', async (t) => {
    const folder = tempFolder(t, { 'tools/orders.yaml': 'old' });
    const watch = watching(t, folder.path);
    for (const text of ['new', 'newer']) {
      const told = watch.until(() => textOf(join(folder.path, 'tools/orders.yaml')) === text);
      folder.remove('tools');
      folder.write('tools/orders.yaml', text);
      await told;
      const edited = watch.until(() => textOf(join(folder.path, 'tools/orders.yaml')) === `${text}!`);
      folder.write('tools/orders.yaml', `${text}!`);
      await edited;
    }
  });

  test('when the folder itself goes, and when it comes back', async (t) => {
    const folder = tempFolder(t, { 'people.yaml': 'old' });
    const watch = watching(t, folder.path);
    const gone = watch.until(() => textOf(join(folder.path, 'people.yaml')) === undefined);
    rmSync(folder.path, { recursive: true });
    await gone;
    for (const text of ['new', 'newer']) {
      const told = watch.until(() => textOf(join(folder.path, 'people.yaml')) === text);
      mkdirSync(folder.path, { recursive: true });
      folder.write('people.yaml', text);
      await told;
    }
  });

  test('when it is not there at first', async (t) => {
    const folder = tempFolder(t);
    const later = join(folder.path, 'later');
    const watch = watching(t, later);
    const told = watch.until(() => textOf(join(later, 'people.yaml')) === 'new');
    folder.write('later/people.yaml', 'new');
    await told;
  });

  test('when it is a link that comes to lead elsewhere', async (t) => {
    const folder = tempFolder(t, { 'one/people.yaml': 'one', 'two/people.yaml': 'two' });
    const link = join(folder.path, 'current');
    symlinkSync('one', link);
    const watch = watching(t, link);
    const told = watch.until(() => textOf(join(link, 'people.yaml')) === 'two');
    symlinkSync('two', `${link}.next`);
    renameSync(`${link}.next`, link);
    await told;
    const edited = watch.until(() => textOf(join(link, 'people.yaml')) === 'edited');
    folder.write('two/people.yaml', 'edited');
    await edited;
  });
});

test('many changes together are told as few, and none of them while another is being looked at', { timeout: 30_000 }, async (t) => {
  const folder = tempFolder(t);
  const controller = new AbortController();
  t.after(() => controller.abort());
  let [calls, running, most] = [0, 0, 0];
  const isDone = Promise.withResolvers<void>();
  watchGrantsFolder(folder.path, async () => {
    calls += 1;
    running += 1;
    most = Math.max(most, running);
    if (calls === 1) folder.write('during.yaml', 'x');
    await sleep(150);
    running -= 1;
    if (calls === 2) isDone.resolve();
  }, controller.signal);
  for (let index = 0; index < 500; index += 1) writeFileSync(join(folder.path, `${index}.yaml`), 'x');
  await isDone.promise;
  assert.deepEqual([calls, most], [2, 1]);
});

test('what editors leave beside a file is no change, and after the signal nothing is', { timeout: 30_000 }, async (t) => {
  const folder = tempFolder(t);
  const other = tempFolder(t);
  const watch = watching(t, folder.path);
  const marker = watching(t, other.path);
  const isQuiet = async (act: () => void): Promise<void> => {
    act();
    // A change elsewhere, made later and told: what there was to tell here would have been told before.
    const told = marker.until(() => true);
    other.write('people.yaml', `${Math.random()}`);
    await told;
    assert.equal(watch.calls, 0);
  };
  await isQuiet(() => {
    folder.write('.people.yaml.swp', 'x');
    folder.write('people.yaml~', 'x');
    folder.write('#people.yaml#', 'x');
  });
  watch.stop();
  await isQuiet(() => folder.write('people.yaml', 'x'));
});

test('a signal that is over already watches nothing', (t) => {
  const folder = tempFolder(t);
  const watchers = () => process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length;
  const before = watchers();
  watchGrantsFolder(folder.path, () => assert.fail('told'), AbortSignal.abort());
  assert.equal(watchers(), before);
});
