import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DENIAL_WINDOW_MS, DenialWindow } from '../../src/ledger/denial-window.ts';
import type { EntryDraft } from '../../src/ledger/entry.ts';

const denial = (agent: string): EntryDraft => ({ kind: 'token.denied', outcome: 'denied', agent });
const START = 1_000_000;
/** More different denials than one window tells apart. */
const FLOOD = 5_000;

describe('identical denials', () => {
  test('are written once, and share the decision that was written', () => {
    const window = new DenialWindow();
    const first = window.take(denial('a'), START);
    assert.ok(first.isFirst);
    for (const later of [0, 1, DENIAL_WINDOW_MS - 1]) assert.deepEqual(window.take(denial('a'), START + later), { decision: first.decision, isFirst: false });
  });

  test('become one entry with their count when the window ends, not before', () => {
    const window = new DenialWindow();
    const { decision } = window.take(denial('a'), START);
    for (let repeat = 0; repeat < 7; repeat += 1) window.take(denial('a'), START + repeat);
    assert.deepEqual(window.drain(START + DENIAL_WINDOW_MS - 1), []);
    assert.deepEqual(window.drain(START + DENIAL_WINDOW_MS), [{ ...denial('a'), decision, count: 7 }]);
    assert.deepEqual(window.drain(START + DENIAL_WINDOW_MS), [], 'counted twice');
  });

  test('that came once leave nothing to count', () => {
    const window = new DenialWindow();
    window.take(denial('a'), START);
    assert.deepEqual(window.drain(START + DENIAL_WINDOW_MS), []);
  });

  test('are written again in the next window, under a decision of its own, and no count is lost though nobody drained', () => {
    const window = new DenialWindow();
    const first = window.take(denial('a'), START);
    window.take(denial('a'), START);
    const second = window.take(denial('a'), START + DENIAL_WINDOW_MS);
    assert.ok(second.isFirst);
    assert.notEqual(second.decision, first.decision);
    window.take(denial('a'), START + DENIAL_WINDOW_MS);
    window.take(denial('a'), START + DENIAL_WINDOW_MS);
    const counts = new Map(window.drain(START + 2 * DENIAL_WINDOW_MS).map(({ decision, count }) => [decision, count]));
    assert.deepEqual(counts, new Map([[first.decision, 1], [second.decision, 2]]) as Map<string | undefined, number | undefined>);
  });

  test('are all told at shutdown, however young', () => {
    const window = new DenialWindow();
    window.take(denial('a'), START);
    window.take(denial('a'), START);
    assert.equal(window.drain(START, true).length, 1);
  });
});

test('different denials are each written', () => {
  const window = new DenialWindow();
  const decisions = ['a', 'b', 'c'].map((agent) => window.take(denial(agent), START));
  assert.ok(decisions.every(({ isFirst }) => isFirst));
  assert.equal(new Set(decisions.map(({ decision }) => decision)).size, 3);
});

test('a denial whose entry could not be written is written the next time', () => {
  const window = new DenialWindow();
  const { decision } = window.take(denial('a'), START);
  window.take(denial('b'), START);
  window.forget(decision);
  assert.ok(window.take(denial('a'), START).isFirst);
  assert.ok(!window.take(denial('b'), START).isFirst);
});

describe('a flood of different denials', () => {
  const flooded = (): { window: DenialWindow; written: number } => {
    const window = new DenialWindow();
    let written = 0;
    for (let index = 0; index < FLOOD; index += 1) if (window.take(denial(`agent-${index}`), START).isFirst) written += 1;
    return { window, written };
  };

  test('writes a bounded number of entries', () => assert.equal(flooded().written, 1_001));

  test('counts the rest as nobody\'s in particular, for they had nothing to do with the first of them', () => {
    const { window, written } = flooded();
    const drained = window.drain(START + DENIAL_WINDOW_MS);
    assert.equal(drained.length, 1);
    assert.equal(drained[0]?.agent, undefined);
    assert.equal((drained[0]?.count ?? 0) + written, FLOOD);
  });

  test('still knows those that it had told apart', () => assert.ok(!flooded().window.take(denial('agent-7'), START + 1).isFirst));

  test('is over with its window', () => {
    const { window } = flooded();
    window.drain(START + DENIAL_WINDOW_MS);
    assert.ok(window.take(denial('agent-4999'), START + DENIAL_WINDOW_MS).isFirst);
  });
});
