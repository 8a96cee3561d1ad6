/** What every measurement is: a name to choose it by, and rows. `folder` is its own, on the disk that is measured. */
import type { Row } from '../lib/rows.ts';
import type { Scale } from '../lib/scale.ts';

export interface Measure {
  readonly name: string;
  readonly says: string;
  run(scale: Scale, folder: string): Promise<readonly Row[]>;
}
