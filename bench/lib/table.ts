/** Rows for people to read, as a Markdown table, so that it can stand in a document as it was printed. */
import type { Row } from './rows.ts';

const HEAD = ['what', 'side', 'unit', 'median', 'min', 'max', 'rounds'] as const;

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ what, side, unit, median, min, max, rounds }) => [what, side, unit, ...[median, min, max].map(shown), String(rounds)]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...lines.map((line) => (line[column] as string).length)));
  const isNumber = (column: number): boolean => column >= 3;
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (isNumber(column) ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [line(HEAD), rule, ...lines.map(line)].join('\n');
}

/** Three digits that mean something: more would only be noise. */
function shown(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
}
