/** A small grants folder as text, for tests that break it in one place. */
import { generateKeyPairSync } from 'node:crypto';

/** A fresh public key as a JWK. */
export const newPublicJwk = (): Record<string, unknown> => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) as Record<string, unknown>;

const danaKey = JSON.stringify(newPublicJwk());
const agentKey = JSON.stringify(newPublicJwk());
const serverKey = JSON.stringify(newPublicJwk());

export const goodFiles: Readonly<Record<string, string>> = {
  'people.yaml': `people:
  dana@example.com:
    roles: [approver, admin]
    approves: [{tool: orders, env: "*"}]
    keys: [{file: keys/dana.jwk}]
  kim@example.com:
    roles: [approver]
    approves: [{tool: orders, env: live}]
  lee@example.com:
    roles: [oncall]
    approves: [{tool: orders, env: staging}]
`,
  'agents.yaml': `agents:
  support-agent:
    owner: dana@example.com
    keys: [{file: keys/support-agent.jwk}]
  triage-agent:
    owner: dana@example.com
    identity: {issuer: https://idp.example.com, subject: triage-agent}
`,
  'tools/orders.yaml': `tool: orders
owner: dana@example.com
says: Look up and refund shop orders.
actions:
  orders.read: {effect: read, says: look up one order, mcp: [get_order], records: {order: /order_id}}
  orders.note: {effect: write, says: write a note on one order, mcp: [note_order]}
  orders.refund: {effect: money, says: refund one order, mcp: [refund_order]}
environments:
  staging:
    production: false
    resource: https://staging.mcp.example.com/orders
    server: {id: orders-mcp-staging, keys: [{file: keys/orders-mcp-staging.jwk}]}
    enforced_by: guard
    credential: {type: token}
  live:
    resource: https://mcp.example.com/orders
    server: {id: orders-mcp, identity: {issuer: https://kubernetes.example.com, subject: "system:serviceaccount:shop:orders"}}
    enforced_by: guard
    credential: {type: token}
`,
  'support-orders.yaml': `grant: support-orders
version: 3
agents: [support-agent]
tool: orders
env: staging
actions: [orders.read]
approver: dana@example.com
reason: Answer "where is my order?" in support chat
expires: 2027-03-31
review: 2027-01-15
limits: {ttl: 5m, records: 1, calls: 60/min, hours: "Mon-Fri 08:00-18:00 Europe/Berlin"}
`,
  'keys/dana.jwk': danaKey,
  'keys/support-agent.jwk': agentKey,
  'keys/orders-mcp-staging.jwk': serverKey,
};

/** The good folder with some files put in the place of its own; undefined takes one away. */
export function filesWith(changes: Readonly<Record<string, string | undefined>> = {}): ReadonlyMap<string, string> {
  const files = new Map(Object.entries(goodFiles));
  for (const [path, text] of Object.entries(changes)) {
    if (text === undefined) files.delete(path);
    else files.set(path, text);
  }
  return files;
}
