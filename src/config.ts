/** What `hallpass.yaml` and the environment say, checked: where to listen, where files are, whose tokens prove identities. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { parseJson } from './core/json.ts';
import { isLoopbackHost } from './core/resource.ts';
import { checkShape } from './grants/schema-problems.ts';
import { parseYaml } from './grants/yaml.ts';
import type { IdentityIssuer } from './identity/issuer-token.ts';

const CONFIG_FILE = 'hallpass.yaml';

export interface Config {
  /** The file that was read; absent when there is none and the defaults hold. */
  readonly file?: string;
  /** Scheme, host and port, nothing after them. */
  readonly issuer: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Absolute. */
  readonly grants: string;
  /** Absolute. */
  readonly data: string;
  readonly identities: readonly IdentityIssuer[];
  /** Hosts of key sets that may be private addresses, and spoken to by http. */
  readonly allowPrivateHosts: readonly string[];
}

export type LoadedConfig = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

const issuerUrl = z.string().max(512).refine(isIssuer, { error: 'must be an https URL with nothing after host and port, such as https://hallpass.example.com (http on this machine only)' });
const listen = z.string().refine((text) => parseListen(text) !== undefined, { error: 'must be HOST:PORT, such as 127.0.0.1:8787 or [::1]:8787' });
const path = z.string().min(1).max(4_096).regex(/^[^\0]+$/);
const host = z.string().max(253).regex(/^[a-z0-9.:[\]-]+$/, { error: 'must be a host name as it stands in the URL, in lower case' });
const identity = z.union(
  [
    z.strictObject({ issuer: z.string().min(1).max(512), jwks_uri: z.url({ protocol: /^https?$/, error: 'must be the URL of a key set' }).max(512) }),
    z.strictObject({ issuer: z.string().min(1).max(512), jwks_file: path }),
  ],
  { error: 'must have an issuer, and jwks_uri or jwks_file' },
);

const configFile = z.strictObject({
  issuer: issuerUrl.optional(),
  listen: listen.optional(),
  grants: path.optional(),
  data: path.optional(),
  identities: z.array(identity).max(50).optional(),
  allow_private_hosts: z.array(host).max(50).optional(),
});
type ConfigFile = z.infer<typeof configFile>;

/** Environment variable to key of the file; what is set there wins. */
const VARIABLES: Readonly<Record<string, { readonly key: keyof ConfigFile; readonly read: (text: string) => unknown }>> = {
  HALLPASS_ISSUER: { key: 'issuer', read: (text) => text },
  HALLPASS_LISTEN: { key: 'listen', read: (text) => text },
  HALLPASS_GRANTS: { key: 'grants', read: (text) => text },
  HALLPASS_DATA: { key: 'data', read: (text) => text },
  HALLPASS_IDENTITIES: { key: 'identities', read: parseJson },
  HALLPASS_ALLOW_PRIVATE_HOSTS: { key: 'allow_private_hosts', read: (text) => text.split(',').map((name) => name.trim()) },
};

/**
 * Reads the configuration: the named file, else `hallpass.yaml` in `cwd` when it is there, else defaults; variables win.
 * Paths in the file are relative to the file, paths in variables to `cwd`.
 */
export function loadConfig({ file, cwd, env }: { readonly file?: string; readonly cwd: string; readonly env: NodeJS.ProcessEnv }): LoadedConfig {
  const named = file === undefined ? join(cwd, CONFIG_FILE) : resolve(cwd, file);
  const text = readText(named);
  if (typeof text !== 'string' && (file !== undefined || text.code !== 'ENOENT')) return { ok: false, problems: [`${file ?? CONFIG_FILE} cannot be read (${text.code})`] };
  const read = typeof text === 'string' ? parseConfig(file ?? CONFIG_FILE, text) : { ok: true as const, content: {} };
  if (!read.ok) return read;
  const overrides = fromEnvironment(env);
  if (!overrides.ok) return overrides;

  const base = dirname(named);
  const place = (key: 'grants' | 'data', otherwise: string): string => {
    const given = overrides.content[key];
    return given === undefined ? resolve(base, read.content[key] ?? otherwise) : resolve(cwd, given);
  };
  const merged = { ...read.content, ...overrides.content };
  const listenAt = parseListen(merged.listen ?? '127.0.0.1:8787') as Config['listen'];
  const identitiesBase = overrides.content.identities === undefined ? base : cwd;
  const config: Config = {
    ...(typeof text === 'string' ? { file: named } : {}),
    issuer: merged.issuer ?? `http://${listenAt.host.includes(':') ? `[${listenAt.host}]` : listenAt.host}:${listenAt.port}`,
    listen: listenAt,
    grants: place('grants', 'grants'),
    data: place('data', '.hallpass'),
    identities: (merged.identities ?? []).map((entry) => ('jwks_file' in entry ? { ...entry, jwks_file: resolve(identitiesBase, entry.jwks_file) } : entry)),
    allowPrivateHosts: merged.allow_private_hosts ?? [],
  };
  const problems = problemsOf(config, merged.issuer !== undefined);
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

function parseConfig(name: string, text: string): { readonly ok: true; readonly content: ConfigFile } | { readonly ok: false; readonly problems: readonly string[] } {
  // A file of comments alone says nothing, and that is allowed.
  if (/^(?:\s*(?:#[^\n]*)?(?:\n|$))*$/.test(text)) return { ok: true, content: {} };
  const parsed = parseYaml(name, text);
  const checked = parsed.ok ? checkShape(configFile, parsed.yaml) : parsed;
  if (checked.ok) return checked;
  return { ok: false, problems: checked.problems.map((problem) => `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`) };
}

function fromEnvironment(env: NodeJS.ProcessEnv): { readonly ok: true; readonly content: ConfigFile } | { readonly ok: false; readonly problems: readonly string[] } {
  const content: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [variable, { key, read }] of Object.entries(VARIABLES)) {
    const text = env[variable];
    if (text === undefined || text === '') continue;
    const value = read(text);
    // Every key may be missing from the file; a variable that is set and says nothing is a mistake.
    const result = value === undefined ? undefined : configFile.shape[key].safeParse(value);
    if (result === undefined) problems.push(`${variable}: is no JSON`);
    else if (result.success) content[key] = result.data;
    else problems.push(`${variable}: ${result.error.issues[0]?.message ?? 'is not valid'}`);
  }
  return problems.length === 0 ? { ok: true, content } : { ok: false, problems };
}

function problemsOf({ issuer, listen: { host: address }, identities }: Config, isIssuerGiven: boolean): readonly string[] {
  const problems: string[] = [];
  const isLoopback = isLoopbackHost(address) || address === '::1';
  if (!isLoopback && !isIssuerGiven) problems.push('`issuer` is missing: a broker that others reach needs the https URL under which they reach it');
  const issuers = identities.map((entry) => entry.issuer);
  for (const repeated of new Set(issuers.filter((name, index) => issuers.indexOf(name) !== index))) problems.push(`identities lists ${repeated} twice: keep one`);
  if (issuers.includes(issuer)) problems.push('identities lists the broker itself: its own tokens need no entry');
  return problems;
}

function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.origin === text && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)));
}

function parseListen(text: string): Config['listen'] | undefined {
  const match = /^(?:\[([0-9a-f:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? undefined : { host: match[1] ?? match[2] ?? '', port };
}

function readText(file: string): string | { readonly code: string } {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? 'unknown error' };
  }
}
