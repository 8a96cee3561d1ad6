import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isLoopbackHost, normalizeResource } from '../../src/core/resource.ts';

describe('one resource has one form', () => {
  const table: readonly (readonly [string, string])[] = [
    ['https://mcp.example.com/orders', 'https://mcp.example.com/orders'],
    ['https://mcp.example.com/orders/', 'https://mcp.example.com/orders'],
    ['https://mcp.example.com/orders///', 'https://mcp.example.com/orders'],
    ['https://mcp.example.com', 'https://mcp.example.com'],
    ['https://mcp.example.com/', 'https://mcp.example.com'],
    ['HTTPS://MCP.Example.COM:443/Orders', 'https://mcp.example.com/Orders'],
    ['https://mcp.example.com:8443/a', 'https://mcp.example.com:8443/a'],
    ['http://localhost:3000/mcp/', 'http://localhost:3000/mcp'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://[::1]:3000/x', 'http://[::1]:3000/x'],
  ];
  for (const [text, expected] of table) test(text, () => assert.equal(normalizeResource(text), expected));
  test('the case of a path is kept, for paths differ by it', () => assert.notEqual(normalizeResource('https://a.example/X'), normalizeResource('https://a.example/x')));
});

describe('regression 20: what could be read in two ways is no resource', () => {
  for (const text of [
    '', 'orders', '/orders', '//mcp.example.com', 'ftp://mcp.example.com', 'urn:orders', 'https:mcp.example.com', 'https:/mcp.example.com', 'https:///mcp.example.com\\',
    'http://mcp.example.com/orders', 'http://localhost.example.com/', 'http://10.0.0.1/', 'http://0.0.0.0/',
    'https://mcp.example.com/orders?x=1', 'https://mcp.example.com/orders#x', 'https://user@mcp.example.com/', 'https://user:pass@mcp.example.com/',
    'https://mcp.example.com/a/../orders', 'https://mcp.example.com/./orders', 'https://mcp.example.com/orders/..', 'https://mcp.example.com/%2e%2e/orders', 'https://mcp.example.com/order%73',
    'https://mcp.example.com\\orders', 'https://mcp.example.com/or ders', ' https://mcp.example.com', 'https://mcp.example.com\n', 'https://mcp.exаmple.com/', 'https://mcp.example.com/ordérs',
    'https://mcp.example.com./orders', 'https://mcp.example.com:99999/', 'https://*.example.com:x/', `https://mcp.example.com/${'a'.repeat(500)}`,
  ]) {
    test(JSON.stringify(text.slice(0, 60)), () => assert.equal(normalizeResource(text), undefined));
  }
});

test('the form of a form is itself', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'B', '0', '.', '-', '/', ':', '_', '~', ';', '*', '['), maxLength: 12 });
  fc.assert(
    fc.property(fc.constantFrom('https://', 'HTTPS://', 'http://'), fc.constantFrom('mcp.example.com', 'LOCALHOST', '127.0.0.1', '0x7f.1', '[::1]', 'a'), part, (scheme, host, rest) => {
      const form = normalizeResource(scheme + host + rest);
      if (form !== undefined) assert.equal(normalizeResource(form), form);
    }),
    { numRuns: 500 },
  );
});

test('this machine is known by its own names only', () => {
  for (const host of ['localhost', '127.0.0.1', '127.255.0.3', '[::1]']) assert.ok(isLoopbackHost(host), host);
  for (const host of ['localhost.', 'localhost.example.com', 'LOCALHOST', '127.0.0.1.example.com', '127.0.0', '128.0.0.1', '0.0.0.0', '[::]', '::1', '']) assert.ok(!isLoopbackHost(host), host);
});
