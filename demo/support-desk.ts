/**
 * The support desk from end to end: stock MCP clients, real MCP servers, a real OpenID provider that vouches for the agent, and
 * Hallpass between them. Prints each step with its time and exits 0 only if all of them held. `npm run demo`.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, StaticPrivateKeyJwtProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createGuard } from '../src/guard/index.ts';
import { startBroker } from '../src/main.ts';
import { freePort } from './free-port.ts';
import { serveMcp } from './mcp-server.ts';
import { startOidcIssuer } from './oidc-issuer.ts';
import { refused, Story } from './story.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const run = promisify(execFile);
const undo: (() => Promise<unknown> | unknown)[] = [];

/** The example grants in a folder of their own, with this demo's ports, and with the provider that vouches for the agent. */
function writeGrants(folder: string, ports: { readonly orders: number; readonly tickets: number }, issuer: string): void {
  cpSync(join(ROOT, 'grants'), folder, { recursive: true, filter: (path) => !path.endsWith('.jwk') });
  const edit = (file: string, from: string, to: string): void => writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replace(from, to));
  edit('tools/orders.yaml', 'http://127.0.0.1:8801/mcp', `http://127.0.0.1:${ports.orders}/mcp`);
  edit('tools/tickets.yaml', 'http://127.0.0.1:8802/mcp', `http://127.0.0.1:${ports.tickets}/mcp`);
  edit('agents.yaml', 'keys: [{file: keys/support-agent.jwk}]', `identity: {issuer: "${issuer}", subject: support-agent}`);
  // Somebody has to be on call, with a key.
  edit('people.yaml', 'roles: [approver, admin]', 'roles: [approver, admin, oncall]');
}

async function main(): Promise<0 | 1> {
  console.log('The support desk: stock MCP clients, real MCP servers, a real OpenID provider, and Hallpass between them.\n');
  const story = new Story();
  const home = mkdtempSync(join(tmpdir(), 'hallpass-demo-'));
  undo.push(() => rmSync(home, { recursive: true, force: true }));
  const ports = { broker: await freePort(), orders: await freePort(), tickets: await freePort() };
  const issuer = `http://127.0.0.1:${ports.broker}`;

  const idp = await startOidcIssuer(['support-agent']);
  undo.push(() => idp.close());
  writeGrants(join(home, 'grants'), ports, idp.issuer);
  const config = {
    issuer, listen: { host: '127.0.0.1', port: ports.broker }, grants: join(home, 'grants'), data: join(home, 'data'),
    identities: [{ issuer: idp.issuer, jwks_uri: idp.jwksUri }], allowPrivateHosts: [new URL(idp.issuer).host],
  };
  await story.step('the broker starts, with an empty data folder and the example grants', async () => {
    const broker = await startBroker({ config, makeExampleKeys: true });
    undo.push(() => broker.close());
    return broker.url;
  });

  for (const [tool, argument, tools, actions] of [
    ['orders', 'order_id', { get_order: (id: string) => `order ${id}: shipped yesterday`, refund_order: (id: string) => `refunded ${id}` }, { get_order: 'orders.read', refund_order: 'orders.refund' }],
    ['tickets', 'ticket_id', { get_ticket: (id: string) => `ticket ${id}: the parcel arrived wet` }, { get_ticket: 'tickets.read' }],
  ] as const) {
    const guard = createGuard({ resource: `http://127.0.0.1:${ports[tool]}/mcp`, actions, url: issuer, clientId: `${tool}-mcp-staging`, keyFile: join(home, 'data/example-keys', `${tool}-mcp-staging.jwk`) });
    const server = await serveMcp({ name: tool, port: ports[tool], guard: guard.middleware(), argument, tools });
    undo.push(() => server.close());
  }

  /** A stock client of a tool; all that it has is its provider's word. */
  const connect = async (tool: 'orders' | 'tickets', scope?: string): Promise<Client> => {
    const jwtBearerAssertion = await idp.identity('support-agent', issuer);
    const authProvider = new StaticPrivateKeyJwtProvider({ clientId: 'support-agent', jwtBearerAssertion, expectedIssuer: issuer, ...(scope === undefined ? {} : { scope }) });
    const client = new Client({ name: 'support-desk', version: '1.0.0' });
    undo.push(() => client.close());
    await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${ports[tool]}/mcp`), { authProvider }));
    return client;
  };
  const call = async (client: Client, name: string, args: Record<string, string>): Promise<string> => ((await client.callTool({ name, arguments: args })).content as readonly { readonly text: string }[])[0]?.text ?? '';
  /** Asks the broker itself, as the agent. */
  const askForToken = async (parameters: Record<string, string>): Promise<void> => {
    const proof = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: await idp.identity('support-agent', issuer) };
    const response = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', ...proof, ...parameters }) });
    const { error, error_description } = (await response.json()) as { readonly error?: string; readonly error_description?: string };
    if (!response.ok) throw new Error(`${error}: ${error_description}`);
  };
  const command = async (caller: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, HALLPASS_URL: issuer, ...caller };
    return (await run(process.execPath, [join(ROOT, 'bin/hallpass.js'), ...args], { env, cwd: home })).stdout.trimEnd();
  };
  const hallpass = (...args: readonly string[]): Promise<string> =>
    command({ HALLPASS_CLIENT_ID: 'dana@example.com', HALLPASS_KEY_FILE: join(home, 'data/example-keys/dana@example.com.jwk') }, ...args);
  /** The ledger is for auditors, and for the operator of this machine. */
  const searchLedger = (...args: readonly string[]): Promise<string> => command({ HALLPASS_DATA: join(home, 'data') }, 'ledger', 'search', ...args);

  let orders: Client;
  let tickets: Client;
  await story.step('support-agent looks up an order: its client finds the broker, shows the provider\'s word, gets a token, calls', async () => {
    orders = await connect('orders');
    return call(orders, 'get_order', { order_id: '1042' });
  });
  await story.step('and reads a ticket, with another token for the other tool', async () => {
    tickets = await connect('tickets');
    return call(tickets, 'get_ticket', { ticket_id: '77' });
  });
  await story.step('a refund moves money: a person must say yes each time, and until that can be done the answer is no', () =>
    refused(call(orders, 'refund_order', { order_id: '1042' }), /needs a person's yes/));
  await story.step('production stays shut: its grant is not signed', () =>
    refused(askForToken({ resource: 'https://mcp.example.com/orders', scope: 'orders.read' }), /access_denied.*signed/));
  await story.step('`hallpass why` gives a person the rule, the file and the line', async () => {
    const decision = /dec_[A-Za-z0-9_-]{22}/.exec(await searchLedger('approval_required', '--kind', 'token.denied'))?.[0] ?? '';
    return (await hallpass('why', decision)).split('\n').slice(2, 6).join('\n');
  });

  await story.step('a stop of tickets: it is refused at once', async () => {
    await hallpass('stop', 'tool', 'tickets', '--reason', 'INC-6');
    return refused(call(tickets, 'get_ticket', { ticket_id: '77' }), /stopped/);
  });
  await story.step('and orders go on, in the same conversation', () => call(orders, 'get_order', { order_id: '1043' }));

  let stop = '';
  await story.step('a stop of orders, with its receipt', async () => {
    const receipt = await hallpass('stop', 'tool', 'orders', '--env', 'staging', '--reason', 'INC-7');
    stop = /stp_[A-Za-z0-9_-]{22}/.exec(receipt)?.[0] ?? '';
    return receipt;
  });
  await story.step('the live token is void, and no new one gets out', async () => {
    await refused(call(orders, 'get_order', { order_id: '1042' }), /stopped/);
    return refused(connect('orders'), /stopped/);
  });
  await story.step('lifting it revives no old token', async () => {
    await hallpass('resume', stop);
    return refused(call(orders, 'get_order', { order_id: '1042' }), /stopped/);
  });
  await story.step('and the conversation stays closed until a person has looked at it', () => refused(connect('orders'), /a person must clear it/));
  await story.step('cleared, it goes on with a new token', async () => {
    const { sessions } = JSON.parse(await hallpass('sessions', '--json')) as { readonly sessions: readonly { readonly session: string; readonly closed_for: readonly { readonly target: string }[] }[] };
    const closed = sessions.filter(({ closed_for }) => closed_for.some(({ target }) => target === 'orders/staging'));
    for (const { session } of closed) await hallpass('sessions', 'clear', session, '--reason', 'looked at it: a false alarm');
    return call(await connect('orders'), 'get_order', { order_id: '1042' });
  });
  await story.step('all of it is in the ledger, in order, without a token in it', async () => {
    const text = await searchLedger('orders');
    if (/eyJ[A-Za-z0-9_-]{20}/.test(text)) throw new Error('a token is in the ledger');
    return text.split('\n').slice(-4).join('\n');
  });
  return story.end();
}

try {
  process.exitCode = await main();
} finally {
  for (const step of undo.reverse()) await step();
}
