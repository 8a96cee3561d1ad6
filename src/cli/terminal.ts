/** What the command line prints: plain lines, tables, and one line for what went wrong. */

/** What exit codes mean; scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** It did not work, or the answer is no. */
  failed: 1,
  /** The command was not understood; nothing was tried. */
  usage: 2,
  /** A stop is in force but not confirmed everywhere, or not stored yet. */
  unconfirmed: 3,
} as const;

/** Ends a command: `message` is one line that says what is wrong and what to do; `lines` the details under it. */
export class CliProblem extends Error {
  override readonly name = 'CliProblem';
  readonly lines: readonly string[];
  readonly exitCode: number;

  constructor(message: string, { lines = [], exitCode = EXIT.failed }: { readonly lines?: readonly string[]; readonly exitCode?: number } = {}) {
    super(message);
    this.lines = lines;
    this.exitCode = exitCode;
  }
}

/** Text from elsewhere, with nothing in it that a terminal would obey. */
export const plain = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\u00b7');

export function print(text: string): void {
  process.stdout.write(`${plain(text)}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${plain(text)}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Columns under headings, two spaces apart; the last column may be as wide as it likes. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map((cell) => plain(cell).replaceAll('\n', ' ')))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd()).join('\n');
}

/** `1 grant`, `2 grants`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** How long ago, or how long until, in the largest unit that fits: `45 s`, `3 min`, `2 h`, `5 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
