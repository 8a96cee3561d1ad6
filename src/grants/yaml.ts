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
  if (tree.ok && tree.root === null) faults.push({ offset: 0, message: 'the file is empty: fill it or remove it' });
  if (!tree.ok || faults.length > 0) {
    const placeAt = placer(file, text);
    return { ok: false, problems: faults.map(({ offset, message }) => problemAt(placeAt(offset), message)) };
  }
  return { ok: true, yaml: { data, start: placer(file, text)(startOf(tree.root)), placeOf: locator(file, text) } };
}

/** The tree is many times the size of the data, and most files are never asked for a place: so it is built again when one is. */
function locator(file: string, text: string): YamlFile['placeOf'] {
  let built: { readonly root: Node | null; readonly placeAt: (offset: number) => SourcePlace } | undefined;
  return (path, part = 'value') => {
    if (built === undefined) {
      const tree = parseTree(text);
      built = { root: tree.ok ? tree.root : null, placeAt: placer(file, text) };
    }
    return built.placeAt(offsetOf(built.root, path, part));
  };
}

/** From offsets to lines and columns. A byte order mark takes no column. */
function placer(file: string, text: string): (offset: number) => SourcePlace {
  const starts = [text.startsWith('\ufeff') ? 1 : 0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) starts.push(index + 1);
  return (offset) => {
    let [line, after] = [0, starts.length];
    while (after - line > 1) {
      const middle = (line + after) >> 1;
      if ((starts[middle] as number) <= offset) line = middle;
      else after = middle;
    }
    return { file, line: line + 1, column: Math.max(offset - (starts[line] as number), 0) + 1 };
  };
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
