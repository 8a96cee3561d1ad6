/** One difference between two policies, as a reviewer reads it. */
import type { ActionName, EnvName, ToolName } from '../core/names.ts';
import type { Comparison } from './compare.ts';

export interface Change {
  /** `change`: neither clearly more nor clearly less, so a person must look. */
  readonly direction: 'gain' | 'loss' | 'change';
  /** The agent, server or person whose rights move; for what concerns everybody, the tool. */
  readonly who: string;
  readonly tool?: ToolName;
  readonly env?: EnvName;
  readonly action?: ActionName;
  readonly sentence: string;
}

/** The direction of a comparison that found a difference. */
export const directionOf = (comparison: Exclude<Comparison, 'same'>): Change['direction'] =>
  ({ wider: 'gain', narrower: 'loss', changed: 'change' } as const)[comparison];
