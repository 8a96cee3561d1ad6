import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiDimensionsOf, MAX_LINEAGE, toolDimensionsOf, toolTokenClaimsSchema } from '../../src/tokens/claims.ts';
import { claims } from './tokens.ts';

describe('a stop hits a tool token by each thing that it is made of', () => {
  test('the agent acts for itself', () => {
    assert.deepEqual([...toolDimensionsOf(claims, 'k1')].sort(), [
      'agent:support-agent', 'all', 'approver:dana@example.com', 'env:staging', 'grant:support-orders', 'key:k1', 'server:orders-mcp-staging',
      'session:ses_AAAAAAAAAAAAAAAAAAAAAA', 'token:tok_AAAAAAAAAAAAAAAAAAAAAA', 'tool-env:orders/staging', 'tool:orders',
    ]);
  });
  test('a person started it', () => assert.ok(toolDimensionsOf({ ...claims, sub: 'kim@example.com' }, 'k1').includes('person:kim@example.com')));
  test('the tokens that it was exchanged from, all of them', () => {
    const dimensions = toolDimensionsOf({ ...claims, lineage: ['tok_root', 'tok_parent'] }, 'k1');
    for (const token of ['tok_root', 'tok_parent', claims.jti]) assert.ok(dimensions.includes(`token:${token}`));
  });
  test('another server that got it counts beside the one it is for', () => {
    const dimensions = toolDimensionsOf({ ...claims, client_id: 'desk' }, 'k1');
    assert.ok(dimensions.includes('server:desk') && dimensions.includes('server:orders-mcp-staging'));
  });
  test('an agent that got it itself is no server', () => {
    const dimensions = toolDimensionsOf({ ...claims, client_id: 'support-agent' }, 'k1');
    assert.ok(!dimensions.includes('server:support-agent'));
  });
});

test('a stop of everything leaves the API of the broker, for whoever stopped must be able to look, and to lift', () => {
  assert.deepEqual([...apiDimensionsOf({ sub: 'dana@example.com', jti: 'tok_1' }, 'k1')].sort(), ['key:k1', 'person:dana@example.com', 'server:dana@example.com', 'token:tok_1']);
});

describe('what claims must be', () => {
  const [access] = claims.authorization_details;
  const takes = (changes: object): boolean => toolTokenClaimsSchema.safeParse({ ...claims, ...changes }).success;
  test('the example is one', () => assert.ok(takes({})));
  test('exactly one tool', () => assert.ok(!takes({ authorization_details: [] }) && !takes({ authorization_details: [access, access] })));
  test('no exchange deeper than the bound', () => {
    assert.ok(takes({ lineage: Array.from({ length: MAX_LINEAGE }, () => 'tok_1') }));
    assert.ok(!takes({ lineage: Array.from({ length: MAX_LINEAGE + 1 }, () => 'tok_1') }));
  });
  test('times and places are whole numbers', () => {
    for (const changes of [{ exp: 1.5 }, { iat: '1' }, { ord: -1 }, { ord: 0.5 }, { exp: Number.MAX_SAFE_INTEGER + 1 }]) assert.ok(!takes(changes), JSON.stringify(changes));
  });
  test('nothing unknown at any depth', () => {
    assert.ok(!takes({ act: { sub: 'a', iss: 'b' } }));
    assert.ok(!takes({ authorization_details: [{ ...access, actions: ['*'] }] }));
    assert.ok(!takes({ authorization_details: [{ ...access, limits: { ttl: 1 } }] }));
  });
});
