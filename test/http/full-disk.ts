/** A full disk, for real: the kernel lets no file of this process grow, until the work is done. */
import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';

const limitFileSize = (bytes: string): void => void execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}`]);

export async function onFullDisk<T>(work: () => Promise<T>): Promise<T> {
  limitFileSize('4096:unlimited');
  try {
    return await work();
  } finally {
    limitFileSize('unlimited');
  }
}

/** Waits until something holds, at most ten seconds. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ten seconds`);
    await setTimeout(10);
  }
}
