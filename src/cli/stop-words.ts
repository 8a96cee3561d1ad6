/** Stops as lines, each with the command that undoes it. */
import type { StopView } from '../broker/engage-stop.ts';
import { span, table } from './terminal.ts';

/** `tool orders in staging`, `agent support-agent`, `everything`. */
export function targetInWords(target: StopView['target']): string {
  if (target.all === true) return 'everything';
  if (target.tool !== undefined) return `tool ${target.tool}${target.env === undefined ? ', everywhere' : ` in ${target.env}`}`;
  return Object.entries(target).map(([kind, name]) => `${kind} ${name}`).join(' ');
}

export const stopLines = (stops: readonly StopView[], nowMs: number): readonly string[] =>
  table(
    ['WHAT', 'SINCE', 'BY', 'WHY', 'UNDO IT'],
    stops.map(({ id, target, reason, by, at, place }) => [targetInWords(target), span(nowMs - Date.parse(at)), by, reason, place === undefined ? 'in force, NOT STORED YET: once it is' : `hallpass resume ${id}`]),
  ).split('\n');
