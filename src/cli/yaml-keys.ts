/** Public keys in the grant files, as a person would edit them: everything else in the file stays as it is. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, YAMLSeq } from 'yaml';
import { NAME_PATTERN, OPERATOR_ID, PERSON_PATTERN } from '../core/names.ts';
import { nearestNames } from '../grants/nearest.ts';
import { ROLES } from '../grants/policy.ts';
import { CliProblem, EXIT } from './terminal.ts';

export const PRINCIPALS = ['agent', 'server', 'person'] as const;
export type PrincipalKind = (typeof PRINCIPALS)[number];

/** A public key as it stands in a file. */
export type PublicKey = Readonly<Record<'kty' | 'crv' | 'x' | 'y' | 'kid', string>>;

export interface KeyChange {
  readonly kind: PrincipalKind;
  readonly id: string;
  readonly key: PublicKey;
  /** What becomes of the keys that are there: all stay, only the newest one does, or none. */
  readonly keep: 'all' | 'newest' | 'none';
  /** Of an agent that is not there yet: the person who answers for it. */
  readonly owner?: string;
  /** Of a person who is not there yet. */
  readonly roles?: readonly string[];
}

export interface KeyChanged {
  /** The file that was changed. */
  readonly file: string;
  /** Whether the principal was added to it. */
  readonly isAdded: boolean;
  /** The URL of the MCP server, for a server. */
  readonly resource?: string;
}

export function idProblem(kind: PrincipalKind, id: string): string | undefined {
  if (kind === 'person') return PERSON_PATTERN.test(id) ? undefined : `\`${id}\` is no name of a person: use an e-mail address in lower case`;
  return NAME_PATTERN.test(id) ? undefined : `\`${id}\` is no name: lower-case letters, digits, \`.\`, \`_\` and \`-\`, at most 64`;
}

/** Puts the public half of a new key into the file that speaks of its holder. */
export function putKey(folder: string, change: KeyChange): KeyChanged {
  switch (change.kind) {
    case 'agent': return putListed(join(folder, 'agents.yaml'), 'agents', change, () => ({ owner: ownerOf(folder, change) }));
    case 'person': return putListed(join(folder, 'people.yaml'), 'people', change, (document) => ({ roles: document.createNode(rolesOf(change), { flow: true }) }));
    case 'server': return putServer(folder, change);
    default: return change.kind satisfies never;
  }
}

/** The names of those who can have a key, with the ids of the keys that they have. */
export function principalsIn(folder: string): readonly { readonly kind: PrincipalKind; readonly id: string; readonly keys: readonly string[] }[] {
  const listed = (kind: 'agent' | 'person', file: string, root: string) => {
    const entries = readDocument(join(folder, file))?.get(root);
    return isMap(entries) ? entries.items.map(({ key, value }) => ({ kind, id: String(key), keys: keysOf(value as YAMLMap) })) : [];
  };
  const servers = toolFiles(folder).flatMap((file) => serversIn(readDocument(file)).map(({ server, id }) => ({ kind: 'server' as const, id, keys: keysOf(server) })));
  return [...listed('person', 'people.yaml', 'people'), ...listed('agent', 'agents.yaml', 'agents'), ...servers];
}

function putListed(file: string, root: 'agents' | 'people', change: KeyChange, fresh: (document: Document) => object): KeyChanged {
  const document = readDocument(file);
  if (document === undefined) throw new CliProblem(`${file} is not there: \`hallpass init\` makes a grants folder`);
  const known = document.getIn([root, change.id]);
  const missing = isMap(known) ? fillMissingFile(dirname(file), known, change) : undefined;
  if (missing !== undefined) return { file: missing, isAdded: false };
  if (!isMap(known)) document.setIn([root, change.id], document.createNode({ ...fresh(document), keys: [] }));
  const holder = document.getIn([root, change.id]) as YAMLMap;
  setKeys(document, holder, change);
  writeDocument(file, document);
  return { file, isAdded: !isMap(known) };
}

function putServer(folder: string, change: KeyChange): KeyChanged {
  const known: string[] = [];
  for (const file of toolFiles(folder)) {
    const document = readDocument(file);
    for (const { server, id, resource } of serversIn(document)) {
      known.push(id);
      if (document === undefined || id !== change.id) continue;
      const missing = fillMissingFile(folder, server, change);
      if (missing !== undefined) return { file: missing, isAdded: false, ...(resource === undefined ? {} : { resource }) };
      setKeys(document, server, change);
      writeDocument(file, document);
      return { file, isAdded: false, ...(resource === undefined ? {} : { resource }) };
    }
  }
  const nearest = nearestNames(change.id, known, 3);
  throw new CliProblem(`no tool has a server ${change.id}: write \`server: {id: ${change.id}, keys: []}\` into an environment in tools/*.yaml first`, {
    lines: nearest.length > 0 ? [`Did you mean ${nearest.join(', or ')}?`] : [],
  });
}

/** Where the file names a key file that is not there, that is the key which is missing: then it is made, and nothing else changes. */
function fillMissingFile(folder: string, holder: YAMLMap, { key }: KeyChange): string | undefined {
  const keys = holder.get('keys');
  const named = isSeq(keys) ? keys.items.flatMap((entry) => (isMap(entry) && typeof entry.get('file') === 'string' ? [String(entry.get('file'))] : [])) : [];
  const missing = named.find((name) => /^[\w@.+/-]+\.jwk$/.test(name) && !name.includes('..') && !existsSync(join(folder, name)));
  if (missing === undefined) return undefined;
  mkdirSync(dirname(join(folder, missing)), { recursive: true });
  writeFileSync(join(folder, missing), `${JSON.stringify(key)}\n`, { flag: 'wx' });
  return join(folder, missing);
}

function setKeys(document: Document, holder: YAMLMap, { key, keep }: KeyChange): void {
  const found = holder.get('keys');
  const keys = isSeq(found) ? found : new YAMLSeq(document.schema);
  if (!isSeq(found)) holder.set('keys', keys);
  keys.flow = true;
  const kept = { all: keys.items, newest: keys.items.slice(0, 1), none: [] }[keep];
  keys.items = [document.createNode(key, { flow: true }), ...kept];
}

function serversIn(document: Document | undefined): readonly { readonly server: YAMLMap; readonly id: string; readonly resource?: string }[] {
  const environments = document?.get('environments');
  if (!isMap(environments)) return [];
  return environments.items.flatMap(({ value }) => {
    const server = isMap(value) ? value.get('server') : undefined;
    const resource = isMap(value) ? value.get('resource') : undefined;
    return isMap(server) ? [{ server, id: String(server.get('id')), ...(typeof resource === 'string' ? { resource } : {}) }] : [];
  });
}

function keysOf(holder: YAMLMap): readonly string[] {
  const keys = isMap(holder) ? holder.get('keys') : undefined;
  if (!isSeq(keys)) return [];
  return keys.items.map((key) => (isMap(key) ? String(key.get('kid') ?? key.get('file') ?? key.get('jwks_uri') ?? `${key.get('x') ?? key.get('n')}`.slice(0, 16)) : '?'));
}

/** An agent needs somebody who answers for it, and who is there; where there is one person only, it is that one. */
function ownerOf(folder: string, { id, owner }: KeyChange): string {
  const principals = principalsIn(folder);
  if (id === OPERATOR_ID || principals.some((known) => known.kind === 'server' && known.id === id)) {
    throw new CliProblem(`${id} is taken, for agents and servers share one set of names: choose another name`, { exitCode: EXIT.usage });
  }
  const people = principals.filter(({ kind }) => kind === 'person').map((person) => person.id);
  const [only] = people;
  const meant = owner ?? (people.length === 1 ? only : undefined);
  if (meant !== undefined && people.includes(meant)) return meant;
  const message = meant === undefined ? 'a new agent needs an owner, a person who answers for it: --owner EMAIL' : `people.yaml has no ${meant}, so nothing was changed: --owner is one of the people`;
  throw new CliProblem(message, { lines: people.length > 0 ? [`People: ${people.join(', ')}`] : [], exitCode: EXIT.usage });
}

function rolesOf({ roles = [] }: KeyChange): readonly string[] {
  const unknown = roles.find((role) => !ROLES.some((known) => known === role));
  if (unknown === undefined) return [...new Set(roles)];
  throw new CliProblem(`there is no role ${unknown}, so nothing was changed: --role is ${ROLES.join(', ')}`, { exitCode: EXIT.usage });
}

function toolFiles(folder: string): readonly string[] {
  try {
    return readdirSync(join(folder, 'tools')).filter((name) => name.endsWith('.yaml')).sort().map((name) => join(folder, 'tools', name));
  } catch {
    return [];
  }
}

function readDocument(file: string): Document | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new CliProblem(`${file} is no good YAML, so nothing was changed: \`hallpass grants check\` says where`);
  return document;
}

function writeDocument(file: string, document: Document): void {
  const fresh = `${file}.new~`;
  writeFileSync(fresh, document.toString({ lineWidth: 0, flowCollectionPadding: false }));
  renameSync(fresh, file);
}
