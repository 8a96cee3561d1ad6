/** Tables of what is wrong with a grants folder: a change to the good one, and each line that somebody then reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../src/grants/compile.ts';
import { filesWith, goodFiles } from './grant-folder.ts';

/** One edit: in a file, a text and what is put in its place; or a whole new text. */
export type Edit = readonly [file: string, from: string, to: string] | readonly [file: string, text: string];

export interface Refusal {
  readonly what: string;
  readonly edits: readonly Edit[];
  /** All that is said, as `file:line:column: message`. */
  readonly says: readonly string[];
}

/** The good folder with these edits. An edit that finds nothing to change is a mistake in the test. */
export function edited(edits: readonly Edit[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [file, from, to] of edits) {
    const before = texts.get(file) ?? goodFiles[file] ?? '';
    if (to !== undefined) assert.ok(before.includes(from), `${file} does not hold ${from}`);
    texts.set(file, to === undefined ? from : before.replace(from, () => to));
  }
  return filesWith(Object.fromEntries(texts));
}

/** What is said of a folder, or nothing when it is good. */
export function problemsOf(files: ReadonlyMap<string, string>): readonly string[] {
  const compiled = compilePolicy(files);
  return compiled.ok ? [] : compiled.problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
}

export function testRefusals(table: readonly Refusal[]): void {
  for (const { what, edits, says } of table) test(what, () => assert.deepEqual(problemsOf(edited(edits)), says));
}

/** Another tool, good by itself. */
export const TICKETS = 'tools/tickets.yaml';
export const tickets = `tool: tickets
owner: dana@example.com
says: Open tickets.
actions:
  tickets.open: {effect: write, says: open a ticket}
environments:
  staging:
    production: false
    resource: https://staging.mcp.example.com/tickets
    server: {id: tickets-mcp, identity: {issuer: https://kubernetes.example.com, subject: tickets}}
    enforced_by: guard
    credential: {type: token}
`;
