/** What ran it: figures mean little without the machine, and on a machine that does other work too only ratios mean much. */
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { quantile } from './rows.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  /** What kind of file system the measured folder is on. */
  readonly fileSystem: string;
  /** One page written and synced, median and 95th of a hundred. */
  readonly syncMs: { readonly median: number; readonly p95: number };
  readonly node: string;
  readonly system: string;
  /** How many processes wanted to run, on average over a minute, before anything was measured. */
  readonly loadBefore: number;
}

/** Magic numbers of statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([[0xef53, 'ext4'], [0x01021994, 'tmpfs'], [0x58465342, 'xfs'], [0x9123683e, 'btrfs'], [0x794c7630, 'overlay']]);

export function machineOf(folder: string): Machine {
  const { type } = statfsSync(folder);
  return {
    cores: cpus().length, cpu: cpus()[0]?.model.trim() ?? 'unknown', memoryGiB: Math.round(totalmem() / 2 ** 30), fileSystem: FILE_SYSTEMS.get(type) ?? `type 0x${type.toString(16)}`,
    syncMs: syncTimes(join(folder, 'sync')), node: process.version, system: `${platform()} ${release()}`, loadBefore: loadavg()[0] ?? 0,
  };
}

export const machineWords = ({ cores, cpu, memoryGiB, fileSystem, syncMs, node, system, loadBefore }: Machine): string =>
  `${cores} cores (${cpu}), ${memoryGiB} GiB, ${fileSystem} (a page written and synced: ${syncMs.median.toFixed(2)} ms, 95th ${syncMs.p95.toFixed(2)} ms), Node.js ${node}, ${system}, load before ${loadBefore.toFixed(2)}`;

function syncTimes(file: string): Machine['syncMs'] {
  const page = Buffer.alloc(4096, 1);
  const fd = openSync(file, 'w');
  const times = Array.from({ length: 100 }, (_, index) => {
    const startedMs = performance.now();
    writeSync(fd, page, 0, page.length, index * page.length);
    fdatasyncSync(fd);
    return performance.now() - startedMs;
  });
  closeSync(fd);
  rmSync(file);
  return { median: quantile(times, 0.5), p95: quantile(times, 0.95) };
}
