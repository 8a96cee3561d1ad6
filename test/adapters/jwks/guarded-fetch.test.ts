/** What is fetched when somebody names a URL: a small text from the public internet, and nothing that only this machine can reach. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { type FetchRules, guardedFetch } from '../../../src/adapters/jwks/guarded-fetch.ts';
import { isPublicAddress } from '../../../src/adapters/jwks/public-address.ts';
import { keyServer, resolver } from './servers.ts';

const NOBODY: FetchRules = { allowPrivateHosts: new Set(), lookup: resolver([]).lookup };
const allowing = (...hosts: readonly string[]): FetchRules => ({ allowPrivateHosts: new Set(hosts) });
const PRIVATE = { name: 'FetchRefusedError', message: /no public address/ };

const NOT_PUBLIC = [
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.254', '169.254.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1',
  '192.88.99.1', '192.168.0.1', '192.168.255.255', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  '::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:0a00:0001', '::127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '100::1', '2001::1', '2001:0:53aa:64c::', '2001:db8::1', '2002:7f00:1::', '2002:a00:1::1',
  '3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fdff::1', 'fe80::1', 'fe80::1%lo', 'fec0::1', 'ff02::1', '0:0:0:0:0:0:0:1', '0000:0000:0000:0000:0000:ffff:7f00:0001',
];
const PUBLIC = ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888'];
const NO_ADDRESS = ['', 'localhost', 'example.com', '127.1', '0177.0.0.1', '2130706433', '0x7f.0.0.1', '127.0.0.1 ', '8.8.8', '::1::', '8.8.8.8/0', '[::1]'];

describe('regression 13: which addresses are of the public internet', () => {
  for (const address of NOT_PUBLIC) test(`${address} is not`, () => assert.equal(isPublicAddress(address), false));
  for (const address of PUBLIC) test(`${address} is`, () => assert.equal(isPublicAddress(address), true));
  test('what is no address is not', () => {
    for (const text of NO_ADDRESS) assert.equal(isPublicAddress(text), false, text);
  });
});

describe('regression 13: a URL cannot reach private addresses', () => {
  const spellings = [
    ...NOT_PUBLIC.filter((address) => !address.includes('%')).map((address) => (address.includes(':') ? `[${address}]` : address)),
    '127.1', '127.0.1', '0177.0.0.1', '0x7f.0.0.1', '0x7f000001', '2130706433', '017700000001', '0', '127.0.0.1.', '0xa9fea9fe', '169.254.43518', '１２７.０.０.１', '①②⑦.⓪.⓪.①', '127。0。0。1',
  ];
  for (const host of spellings) {
    test(`however it is spelled: ${host}`, async () => {
      for (const port of ['', ':8443']) await assert.rejects(guardedFetch(new URL(`https://${host}${port}/jwks`), NOBODY), PRIVATE);
    });
  }
  test('a name that resolves to one, among others or alone', async () => {
    for (const addresses of [['127.0.0.1'], ['10.0.0.1'], ['169.254.169.254'], ['::1'], ['::ffff:127.0.0.1'], ['fd00::1'], ['93.184.216.34', '127.0.0.1'], ['127.0.0.1', '93.184.216.34'], ['2606:4700::1111', 'fe80::1']]) {
      const { lookup, asked } = resolver(addresses);
      await assert.rejects(guardedFetch(new URL('https://keys.example.com/jwks'), { allowPrivateHosts: new Set(), lookup }), PRIVATE, addresses.join());
      assert.equal(asked(), 1);
    }
  });
  test('the name of this machine itself, by the system\'s own resolver', async () => {
    for (const host of ['localhost', 'LOCALHOST']) await assert.rejects(guardedFetch(new URL(`https://${host}/jwks`), allowing()), PRIVATE);
  });
  test('a name without an address', () => assert.rejects(guardedFetch(new URL('https://keys.example.com/'), NOBODY), { name: 'FetchRefusedError', message: /no address/ }));

  test('a name that is bound to another address after it was looked up: what was checked is what is connected to', async (t) => {
    const inside = await keyServer(t, (_, response) => response.end('inside'));
    // An address of a block that IANA has given to nobody, so that nobody is called; then this machine, for whoever asks again.
    const { lookup, asked } = resolver(['2000::1'], ['127.0.0.1']);
    const stop = new AbortController();
    const watched: typeof lookup = (hostname, options, done) =>
      lookup(hostname, options, (error, addresses) => {
        done(error, addresses);
        stop.abort();
      });
    await assert.rejects(guardedFetch(new URL(`https://keys.example.com:${inside.port}/`), { allowPrivateHosts: new Set(), lookup: watched }, stop.signal));
    assert.equal(asked(), 1, 'nobody asks a second time');
    assert.equal(inside.connections, 0);
  });

  test('a host that is allowed by name is reached at whichever address it has, asked for once', async (t) => {
    const inside = await keyServer(t, (_, response) => response.end('keys'));
    const { lookup, asked } = resolver(['127.0.0.1'], ['10.0.0.1']);
    const url = new URL(`http://keys.internal:${inside.port}/`);
    for (const host of ['keys.internal', `keys.internal:${inside.port}`]) assert.equal(await guardedFetch(url, { allowPrivateHosts: new Set([host]), lookup: resolver(['127.0.0.1']).lookup }), 'keys');
    assert.equal(await guardedFetch(url, { allowPrivateHosts: new Set(['keys.internal']), lookup }), 'keys');
    assert.equal(asked(), 1);
    for (const host of ['internal', 'evil.keys.internal', 'keys.internal.example.com', 'KEYS.INTERNAL', `keys.internal:${inside.port + 1}`, '127.0.0.1', '*', '']) {
      await assert.rejects(guardedFetch(url, { allowPrivateHosts: new Set([host]), lookup: resolver(['127.0.0.1']).lookup }), { name: 'FetchRefusedError' }, host);
    }
    assert.equal(inside.requests, 3);
  });
});

describe('regression 13: how it is fetched', () => {
  test('by https only, except from hosts that are allowed by name', async () => {
    for (const url of ['http://keys.example.com/', 'http://8.8.8.8/', 'ftp://keys.example.com/', 'file:///etc/passwd', 'data:application/json,{}', 'javascript:1', 'gopher://keys.example.com/']) {
      await assert.rejects(guardedFetch(new URL(url), NOBODY), { name: 'FetchRefusedError', message: /only https/ }, url);
    }
    await assert.rejects(guardedFetch(new URL('ftp://127.0.0.1/'), allowing('127.0.0.1')), { name: 'FetchRefusedError', message: /only https/ });
  });

  test('without credentials', async (t) => {
    const server = await keyServer(t, (_, response) => response.end('{}'));
    for (const user of ['user@', 'user:password@', ':password@']) {
      await assert.rejects(guardedFetch(new URL(server.url.replace('//', `//${user}`)), allowing(server.host)), { name: 'FetchRefusedError', message: /credentials/ });
    }
    assert.equal(server.connections, 0);
  });

  test('with no header that says more than who asks, and for what', async (t) => {
    const seen: unknown[] = [];
    const server = await keyServer(t, (request, response) => {
      seen.push(request.method, Object.keys(request.headers).sort(), request.headers['user-agent']);
      response.end('{}');
    });
    await guardedFetch(new URL(server.url), allowing(server.host));
    assert.deepEqual(seen, ['GET', ['accept', 'connection', 'host', 'user-agent'], 'hallpass']);
  });

  test('without following redirects, and with 200 as the one good status', async (t) => {
    const inside = await keyServer(t, (_, response) => response.end('secret'));
    for (const status of [301, 302, 303, 307, 308, 204, 206, 400, 401, 404, 500, 503]) {
      const server = await keyServer(t, (_, response) => response.writeHead(status, { location: inside.url }).end());
      await assert.rejects(guardedFetch(new URL(server.url), allowing(server.host, inside.host)), { name: 'FetchRefusedError', message: new RegExp(`status ${status}`) });
    }
    assert.equal(inside.connections, 0);
  });

  test('no more than 256 KiB, whether the length was told or not', async (t) => {
    const most = 'x'.repeat(256 * 1024);
    for (const [text, isTaken] of [[most, true], [`${most}x`, false], [most.repeat(8), false]] as const) {
      for (const headers of [{}, { 'content-length': String(text.length) }]) {
        const server = await keyServer(t, (_, response) => response.writeHead(200, headers).end(text));
        const fetched = guardedFetch(new URL(server.url), allowing(server.host));
        if (isTaken) assert.equal((await fetched).length, text.length);
        else await assert.rejects(fetched, { name: 'FetchRefusedError', message: /more than 256 KiB/ });
      }
    }
  });

  test('a connection that ends in the middle is an error', async (t) => {
    const server = await keyServer(t, (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"keys":[');
      setImmediate(() => response.destroy());
    });
    await assert.rejects(guardedFetch(new URL(server.url), allowing(server.host)));
  });
});

describe('regression 13: no longer than five seconds', { concurrency: true }, () => {
  for (const [name, answer] of [
    ['a server that never answers', () => undefined],
    ['a server that never ends its headers', (response: ServerResponse) => void response.socket?.write('HTTP/1.1 200 OK\r\nX: ')],
    ['a server that drips', (response: ServerResponse) => void setInterval(() => response.write('x'), 50).unref()],
  ] as const) {
    test(name, async (t) => {
      const server = await keyServer(t, (_, response) => answer(response));
      const started = performance.now();
      await assert.rejects(guardedFetch(new URL(server.url), allowing(server.host)), { name: 'FetchRefusedError', message: /within 5 s/ });
      const took = performance.now() - started;
      assert.ok(took > 4_500 && took < 10_000, `${took} ms`);
    });
  }
  test('or until whoever asked gives up', async (t) => {
    const server = await keyServer(t, () => undefined);
    await assert.rejects(guardedFetch(new URL(server.url), allowing(server.host), AbortSignal.timeout(50)));
  });
});
