/** The commit of an issuance, with contents of the size that they have in use. */
import { randomUUID } from 'node:crypto';
import { newTokenId, sessionOpenedBy } from '../../src/core/names.ts';
import { encodeEntry } from '../../src/ledger/entry.ts';
import type { Commit } from '../../src/store/port.ts';

const AGENT = 'support-agent';

export function issuanceOf(epoch: string): Commit {
  const nowMs = Date.now();
  const jti = newTokenId(nowMs);
  const [sid, assertionId] = [sessionOpenedBy(jti), `${AGENT}\0${randomUUID()}`];
  const expiresMs = nowMs + 300_000;
  const claims = {
    iss: 'http://127.0.0.1:8787', sub: AGENT, aud: 'https://orders.example.com/mcp', client_id: AGENT, scope: 'orders.read', iat: 1_800_000_000, exp: 1_800_000_300,
    jti, sid, grant: 'support-orders', agent: AGENT, server: 'orders-mcp', ord: 0, lineage: [], approver: 'dana@example.com',
    authorization_details: [{ type: 'tool_access', tool: 'orders', env: 'staging', limits: { records: 1, calls: '60/min' } }],
  };
  const body = JSON.stringify({ claims, kid: 'bench', production: false });
  const entry = encodeEntry(
    {
      kind: 'token.issued', outcome: 'ok', agent: AGENT, requester: AGENT, tool: 'orders', env: 'staging', actions: ['orders.read'], session: sid, grant: 'support-orders',
      token: jti, token_sha256: 'x'.repeat(43), expires: new Date(expiresMs).toISOString(), policy: 'x'.repeat(43),
    },
    nowMs,
  );
  const rate = { key: 'grant:support-orders', windowMs: 60_000, nowMs };
  return {
    epoch,
    preconditions: [
      { type: 'noStopAfter', place: 0, dimensions: [`token:${jti}`, `session:${sid}`, `agent:${AGENT}`, 'grant:support-orders', 'tool:orders', 'env:staging', 'all'] as never },
      { type: 'noneIn', kind: 'closed-session', group: `${AGENT}\0orders\0staging`, nowMs },
      { type: 'unclaimed', namespace: 'assertion-jti', id: assertionId },
      { type: 'underRate', limit: 1_000_000, ...rate },
    ],
    effects: [
      { type: 'claim', namespace: 'assertion-jti', id: assertionId, expiresMs },
      { type: 'count', ...rate },
      { type: 'put', record: { kind: 'token', id: jti, group: `${AGENT}\0orders\0staging`, state: 'live', body, expiresMs } },
      { type: 'append', ...entry },
    ],
  };
}
