/**
 * Who may import whom: dependencies point down only. The rooms at the ground are pure; the broker's use cases stand on them and
 * on the store port; adapters know their port and no other adapter; only main.ts knows every adapter.
 */
const room = (name) => `^src/${name}/`;
const rooms = (names) => `^src/(?:${names.join('|')})/`;
const packages = (names) => `(?:^|/)node_modules/(?:${names.join('|')})/`;
const PURE = ['core', 'stops', 'ledger', 'tokens', 'grants', 'identity', 'store'];

/** What each place may import besides itself and Node.js. What is not listed here is a violation. */
const MAY_IMPORT = {
  core: { rooms: [] },
  stops: { rooms: ['core'] },
  ledger: { rooms: ['core'], packages: ['zod'] },
  tokens: { rooms: ['core', 'stops'], packages: ['jose', 'zod'] },
  grants: { rooms: ['core', 'stops'], packages: ['jose', 'yaml', 'zod'] },
  identity: { rooms: ['core', 'grants'], packages: ['jose', 'zod'] },
  store: { rooms: ['core', 'stops', 'ledger'] },
  broker: { rooms: PURE, packages: ['jose', 'zod'] },
  http: { rooms: [...PURE, 'broker'], packages: ['fastify', 'zod'] },
  'adapters/data-folder': { rooms: ['core', 'tokens'], packages: ['jose', 'zod'] },
  'adapters/grants-folder': { rooms: ['grants'] },
  'adapters/jwks': { rooms: ['core', 'identity'], packages: ['jose', 'zod'] },
  'adapters/prometheus': { rooms: ['core'], packages: ['prom-client'] },
  'adapters/store-sqlite': { rooms: ['core', 'stops', 'ledger', 'store'], packages: ['zod'] },
  // The command line is a client of the API; offline it reads grants and makes keys.
  cli: { rooms: ['core', 'grants', 'identity', 'ledger', 'adapters/grants-folder', 'adapters/data-folder'], files: ['main', 'config'], packages: ['commander', 'jose', 'yaml', 'zod'] },
  // It will be a package of its own, with one dependency.
  guard: { rooms: [], packages: ['jose'] },
};

const allowed = Object.entries(MAY_IMPORT).flatMap(([name, { rooms: below, files = [], packages: used = [] }]) => [
  { from: { path: room(name) }, to: { path: [room(name), ...(below.length > 0 ? [rooms(below)] : []), ...files.map((file) => `^src/${file}\\.ts$`)] } },
  ...(used.length > 0 ? [{ from: { path: room(name) }, to: { path: packages(used) } }] : []),
]);

export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', comment: 'Two files that need each other are one.', from: {}, to: { circular: true } },
    { name: 'nothing-unresolved', severity: 'error', comment: 'An import that leads nowhere is one that no rule has looked at.', from: {}, to: { couldNotResolve: true } },
  ],
  allowed: [
    ...allowed,
    // Of the use cases it knows what their answers look like: types, and nothing else, which a test looks after.
    { from: { path: room('cli') }, to: { path: '^src/broker/(?:engage-stop|search-ledger|sessions|status|why)\\.ts$' } },
    { from: { path: '^src/main\\.ts$' }, to: { path: ['^src/(?!cli/|guard/)', packages(['fastify', 'pino'])] } },
    { from: { path: '^src/config\\.ts$' }, to: { path: [rooms(['core', 'grants', 'identity']), packages(['zod'])] } },
    { from: { path: '^src/' }, to: { dependencyTypes: ['core'] } },
  ],
  allowedSeverity: 'error',
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'node', 'default'], exportsFields: ['exports'] },
  },
};
