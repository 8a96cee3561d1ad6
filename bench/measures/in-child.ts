/** Measurements that run in a process of their own, so that nothing that came before has warmed or filled it. */
import { join } from 'node:path';
import { resultOf } from '../lib/child.ts';
import { IN_FLIGHT } from '../lib/scale.ts';
import type { Row } from '../lib/rows.ts';
import type { Measure } from './measure.ts';

export const reload: Measure = {
  name: 'reload', says: 'a change in a large grants folder',
  run: (scale, folder) => resultOf<readonly Row[]>('reload.ts', [folder, scale.reloadedGrants, scale.reloads]),
};

export const decide: Measure = {
  name: 'decide', says: 'the decision alone',
  run: async (scale) => {
    const rows: Row[] = [];
    for (const grants of scale.decidedGrants) rows.push(...(await resultOf<readonly Row[]>('decide.ts', [grants, scale.decisions, scale.rounds])));
    return rows;
  },
};

export const store: Measure = {
  name: 'store', says: 'the embedded store, writing on a thread of its own or on the main one',
  run: (scale, folder) => resultOf<readonly Row[]>('store.ts', [join(folder, 'store'), scale.commits, scale.rounds, IN_FLIGHT]),
};
