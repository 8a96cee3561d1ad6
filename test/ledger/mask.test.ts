import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { mask, maskLabel } from '../../src/ledger/mask.ts';

const stampOf = (what: string, value: string): string => `[${what} ${createHash('sha256').update(value).digest('hex').slice(0, 8)}]`;
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzdXBwb3J0In0.c2lnbmF0dXJl';
const PEM = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n-----END EC PRIVATE KEY-----';

describe('secrets and personal data are masked, and the rest of the sentence stays', () => {
  const table: readonly (readonly [string, string, string, string])[] = [
    ['a JWT', `use ${JWT} now`, 'token', JWT],
    ['a JWT without signature', 'use eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0. now', 'token', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'],
    ['a JWE of five parts', 'use eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn now', 'token', 'eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn'],
    ['a private key', `use ${PEM} now`, 'private key', PEM],
    ['a private key that was cut off', 'use -----BEGIN PRIVATE KEY-----\nMHcCAQ', 'private key', '-----BEGIN PRIVATE KEY-----\nMHcCAQ'],
    ['a bearer token', 'Authorization: Bearer abcd now', 'secret', 'abcd'],
    ['basic credentials', 'authorization: basic dXNlcjpw now', 'secret', 'dXNlcjpw'],
    ['another scheme', 'authorization: ApiKey-1 now', 'secret', 'ApiKey-1'],
    ['a password', 'password=hunter2 now', 'secret', 'hunter2'],
    ['a short password', 'password: x now', 'secret', 'x'],
    ['a password with a comma', 'pwd=a,bcdef now', 'secret', 'a,bcdef'],
    ['a password in quotes', 'Password = "two words" now', 'secret', '"two words"'],
    ['a password in JSON', '{"password":"hunter2","user":1}', 'secret', '"hunter2"'],
    ['a password in JSON in JSON', '{\\"password\\":\\"ab cd\\"}', 'secret', '\\"ab cd\\"'],
    ['a password in a sentence', 'my password hunter2 now', 'secret', 'hunter2'],
    ['a client secret', 'client_secret=s3 now', 'secret', 's3'],
    ['an access token', '?access_token=t0k now', 'secret', 't0k'],
    ['an API key', 'the API key: k-1 now', 'secret', 'k-1'],
    ['cookies, all of the line', 'Cookie: a=b; c=d', 'secret', ' a=b; c=d'],
    ['an e-mail address', 'write to dana.smith+x@mail.example.com now', 'e-mail', 'dana.smith+x@mail.example.com'],
    ['an e-mail address that is not ASCII', 'write to jürgen@exämple.de now', 'e-mail', 'jürgen@exämple.de'],
    ['a card', 'pay with 4111 1111 1111 1111 now', 'card', '4111 1111 1111 1111'],
    ['a card with dashes', 'pay with 4111-1111-1111-1111, now', 'card', '4111-1111-1111-1111'],
    ['a card without either', 'pay with 378282246310005 now', 'card', '378282246310005'],
    ['a German account', 'pay to DE89 3704 0044 0532 0130 00 now', 'account', 'DE89 3704 0044 0532 0130 00'],
    ['a Norwegian account', 'pay to NO93 8601 1117 947, now', 'account', 'NO93 8601 1117 947'],
    ['an account in one word', 'pay to GB82WEST12345698765432 now', 'account', 'GB82WEST12345698765432'],
    ['a phone number', 'call +49 (170) 123-4567 now', 'phone', '+49 (170) 123-4567'],
    ['a cloud key', 'use AKIAIOSFODNN7EXAMPLE now', 'opaque', 'AKIAIOSFODNN7EXAMPLE'],
    ['a hash', 'see 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b now', 'opaque', '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b'],
  ];
  for (const [what, text, kind, secret] of table) {
    test(what, () => {
      assert.ok(text.includes(secret.trim()));
      const masked = mask(text);
      assert.equal(masked, text.replace(secret, () => stampOf(kind, secret)));
      assert.equal(mask(masked), masked, 'masking again changes nothing');
    });
  }
});

describe('what a reader needs stays', () => {
  for (const text of [
    'Where is my order 12345? I ordered on 2027-01-15 at 12:30.',
    'the token is expired',
    'GET /orders/12345?expand=lines answered 404',
    'look at 3f2504e0-4f89-11d3-9a0c-0305e82c3301 please',
    'counterrevolutionaries misunderstood',
    'total 1,234.56 EUR for 3 items',
    '',
  ]) {
    test(JSON.stringify(text), () => assert.equal(mask(text), text));
  }
});

test('one value is masked alike wherever it stands, so that two entries can be told to be about it', () => {
  assert.equal(mask('x dana@example.com').slice(2), mask('yy dana@example.com').slice(3));
  assert.notEqual(mask('dana@example.com'), mask('dina@example.com'));
});

describe('labels', () => {
  test('a UUID stays readable, for people search their logs for it', () => {
    for (const label of ['3f2504e0-4f89-11d3-9a0c-0305e82c3301', '12345678-1234-1234-1234-123456789012', '3F2504E0-4F89-11D3-9A0C-0305E82C3301']) {
      assert.equal(maskLabel(label), label);
    }
  });
  test('anything else is masked like text, and short', () => {
    assert.equal(maskLabel('chat 17'), 'chat 17');
    assert.equal(maskLabel(JWT), stampOf('token', JWT));
    assert.ok(maskLabel('word '.repeat(100)).length <= 129);
  });
});

describe('long text is cut', () => {
  test('to the length asked for, with a mark', () => {
    const masked = mask('word '.repeat(1_000), 100);
    assert.match(masked, /^(word )+(w|wo|wor|word)?…$/);
    assert.ok(masked.length <= 101);
  });
  test('also when masking made it longer, so that an entry holds it', () => assert.ok(mask('pwd=a '.repeat(333)).length <= 2_001));
  test('and no piece of a secret shows where the cut went through it', () => {
    const secrets = [JWT, '4111 1111 1111 1111', 'dana@example.com', 'DE89 3704 0044 0532 0130 00', '+49 170 1234567', 'AKIAIOSFODNN7EXAMPLE', `eyJ${'a1'.repeat(400)}.e30.`];
    for (const secret of secrets) {
      for (let before = 0; before <= 400; before += 3) {
        const masked = mask(`${'ab '.repeat(before)}${secret} ${'zz '.repeat(200)}`, 300);
        assert.ok(!masked.includes(secret.slice(0, 5)), `${before}: ${masked}`);
      }
    }
  });
  test('hostile text of any length costs what its beginning costs', () => {
    // Each would run for hours if a pattern looked at all of it from each of its places.
    for (const piece of ['-----BEGIN PRIVATE KEY-----', 'a@', 'password="', '1 ', '+1 ', 'eyJaaaaaaaa.', 'AA11 ', 'a.b-', '" \'']) {
      assert.ok(mask(piece.repeat(5_000_000 / piece.length)).length <= 2_001);
    }
  });
});

test('no planted secret survives, whatever words and marks stand around it', () => {
  const words = fc.array(fc.constantFrom('order', 'please', 'the', 'token', 'password', 'secret:', 'bearer', '=', '"', "'", '[', ']', ',', '\n', '12', '[token 1234abcd]'), { maxLength: 12 });
  const secret = fc.constantFrom(JWT, PEM, 'dana@example.com', '4111 1111 1111 1111', 'DE89 3704 0044 0532 0130 00', 'AKIAIOSFODNN7EXAMPLE', 'password=hunter2zz', 'Bearer hunter2zz');
  fc.assert(
    fc.property(words, secret, words, (before, planted, after) => {
      const masked = mask([...before, planted, ...after].join(' '));
      for (const piece of ['eyJhbGci', 'MHcCAQ', 'dana@', '4111', '3704', 'AKIAIO', 'hunter2zz']) assert.ok(!masked.includes(piece), masked);
    }),
    { numRuns: 500 },
  );
});
