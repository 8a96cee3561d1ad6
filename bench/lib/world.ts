/** The policy that brokers are measured under: one grant with a limit that is counted at each issuance and never reached. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Key, newKey } from './sign.ts';

export const AGENT = 'support-agent';
export const SERVER = 'orders-mcp';
export const RESOURCE = 'https://orders.example.com/mcp';
export const SCOPE = 'orders.read';
export const IDENTITY_ISSUER = 'https://idp.example.com';

export interface World {
  readonly agent: Key;
  readonly server: Key;
  readonly identities: Key;
  /** Settings for `hallpass serve`. */
  settings(port: number): Readonly<Record<string, string>>;
}

export function makeWorld(folder: string): World {
  const [agent, server, identities] = [newKey('agent'), newKey('server'), newKey('identities')];
  const grants = join(folder, 'grants');
  mkdirSync(join(grants, 'tools'), { recursive: true });
  mkdirSync(join(grants, 'keys'));
  const keySet = join(folder, 'identities.json');
  writeFileSync(keySet, JSON.stringify({ keys: [identities.publicJwk] }));
  writeFileSync(join(grants, 'keys/agent.jwk'), JSON.stringify(agent.publicJwk));
  writeFileSync(join(grants, 'keys/server.jwk'), JSON.stringify(server.publicJwk));
  writeFileSync(join(grants, 'people.yaml'), PEOPLE);
  writeFileSync(join(grants, 'agents.yaml'), AGENTS);
  writeFileSync(join(grants, 'tools/orders.yaml'), TOOL);
  writeFileSync(join(grants, 'support-orders.yaml'), GRANT);
  return {
    agent, server, identities,
    settings: (port) => ({
      HALLPASS_LISTEN: `127.0.0.1:${port}`, HALLPASS_GRANTS: grants, HALLPASS_DATA: join(folder, 'data'),
      HALLPASS_IDENTITIES: JSON.stringify([{ issuer: IDENTITY_ISSUER, jwks_file: keySet }]),
    }),
  };
}

const PEOPLE = `
people:
  dana@example.com:
    roles: [approver, admin]
    approves: [{tool: orders, env: "*"}]
`;
const AGENTS = `
agents:
  ${AGENT}:
    owner: dana@example.com
    identity: {issuer: "${IDENTITY_ISSUER}", subject: ${AGENT}}
    keys: [{file: keys/agent.jwk}]
`;
const TOOL = `
tool: orders
owner: dana@example.com
says: Look up shop orders.
actions:
  ${SCOPE}: {effect: read, says: look up the status of one order, mcp: [get_order], records: {order: /order_id}}
environments:
  staging:
    production: false
    resource: ${RESOURCE}
    server: {id: ${SERVER}, keys: [{file: keys/server.jwk}]}
    enforced_by: introspection
    credential: {type: token}
`;
const GRANT = `
grant: support-orders
version: 1
agents: [${AGENT}]
tool: orders
env: staging
actions: [${SCOPE}]
approver: dana@example.com
reason: Answer "where is my order?" in support chat
expires: 2099-12-31
limits: {ttl: 5m, records: 1, calls: 1000000/min}
`;
