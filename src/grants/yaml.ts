/** The strict YAML of the grant files: text in, plain data out, with the way back from a value to its line and column. */
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { SourcePlace } from './policy.ts';
import { type Problem, problemAt } from './problem.ts';
import { type Fault, MAX_DEPTH, parseTree, TOO_DEEP } from './yaml-tree.ts';

/** The way to a value: keys of maps and positions in lists. */
export type DataPath = readonly PropertyKey[];

export interface YamlFile {
  /** Plain JSON types only: dates stay text. */
  readonly data: unknown;
  /** Where the first key stands. */
  readonly start: SourcePlace;
  /** Where a value stands, or its key; of a path that is not there, the nearest part that is. */
  placeOf(path: DataPath, part?: 'key' | 'value'): SourcePlace;
}

export type YamlResult = { readonly ok: true; readonly yaml: YamlFile } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads one file. Anything that is not plain data in one document is a problem; the time taken is bounded for any text. */
export function parseYaml(file: string, text: string): YamlResult {
  const tree = parseTree(text);
  const faults: Fault[] = tree.ok ? [] : [...tree.faults];
  const data = tree.ok ? toData(tree.root, 1, faults) : undefined;
  if (tree.ok && tree.root === null) faults.push({ offset: 0, message: 'the file is empty' });
  if (!tree.ok || faults.length > 0) {
    return { ok: false, problems: faults.map(({ offset, message }) => problemAt(placeAt(file, text, offset), message)) };
  }
  // The tree is not kept: it is many times the size of the data, and asked for places only when there is something to say.
  const placeOf = (path: DataPath, part: 'key' | 'value' = 'value'): SourcePlace => {
    const again = parseTree(text);
    return placeAt(file, text, again.ok ? offsetOf(again.root, path, part) : 0);
  };
  return { ok: true, yaml: { data, start: placeAt(file, text, startOf(tree.root)), placeOf } };
}

function placeAt(file: string, text: string, offset: number): SourcePlace {
  const before = text.slice(text.startsWith('\ufeff') ? 1 : 0, Math.max(offset, 0));
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let index = before.indexOf('\n'); index !== -1; index = before.indexOf('\n', index + 1)) line += 1;
  return { file, line, column: before.length - lineStart + 1 };
}

function toData(node: Node | null, depth: number, faults: Fault[]): unknown {
  if (isScalar(node)) return scalarData(node.value, node, faults);
  if (!isMap(node) && !isSeq(node)) return null;
  if (depth > MAX_DEPTH) {
    faults.push({ offset: startOf(node), message: TOO_DEEP });
    return null;
  }
  return isMap(node) ? mapData(node, depth, faults) : node.items.map((item) => toData(item as Node, depth + 1, faults));
}

function mapData(map: YAMLMap, depth: number, faults: Fault[]): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
    const name = isScalar(key) ? key.value : undefined;
    const problem = keyProblem(name, data);
    if (problem === undefined) data[name as string] = toData(value, depth + 1, faults);
    else faults.push({ offset: startOf(key), message: problem });
  }
  return data;
}

function keyProblem(key: unknown, siblings: object): string | undefined {
  if (typeof key !== 'string') return 'keys are text: put this one in quotes';
  if (key === '<<') return 'YAML merge keys are not allowed: write the values out';
  if (key === '__proto__') return 'no key may be called `__proto__`';
  return Object.hasOwn(siblings, key) ? `\`${key}\` is there twice: keep one` : undefined;
}

function scalarData(value: unknown, node: Node, faults: Fault[]): unknown {
  if (typeof value !== 'number' || (Number.isFinite(value) && !(Number.isInteger(value) && !Number.isSafeInteger(value)))) return value;
  faults.push({ offset: startOf(node), message: 'this number cannot be kept exactly: put it in quotes if it is text' });
  return null;
}

const startOf = (node: Node | null): number => node?.range?.[0] ?? 0;

function offsetOf(root: Node | null, path: DataPath, part: 'key' | 'value'): number {
  let node = root;
  let offset = startOf(root);
  for (const [index, step] of path.entries()) {
    const pair = isMap(node) ? (node.items as Pair<Node, Node | null>[]).find(({ key }) => isScalar(key) && key.value === step) : undefined;
    const item = isSeq(node) && typeof step === 'number' ? (node.items[step] as Node | undefined) : undefined;
    if (pair === undefined && item === undefined) return offset;
    node = pair === undefined ? (item ?? null) : pair.value;
    const isLast = index === path.length - 1;
    // A block that starts below its key is best shown by the key.
    const showKey = pair !== undefined && ((isLast && part === 'key') || isBlock(node) || node === null);
    offset = startOf(showKey ? pair.key : node);
  }
  return offset;
}

const isBlock = (node: Node | null): boolean => (isMap(node) || isSeq(node)) && node.flow !== true;
