import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AgentId, StopId, ToolName } from '../../src/core/names.ts';
import { StopSet } from '../../src/stops/stop-set.ts';
import { type Cut, dimensionOf, type Engage, type Lift, type StopTarget } from '../../src/stops/stop.ts';

const orders: StopTarget = { kind: 'tool', tool: 'orders' as ToolName };
const tickets: StopTarget = { kind: 'tool', tool: 'tickets' as ToolName };
const agent: StopTarget = { kind: 'agent', agent: 'support-agent' as AgentId };
const all: StopTarget = { kind: 'all' };
const base = (id: string, atMs: number) => ({ id: id as StopId, reason: 'test', by: 'test', atMs });
const engage = (id: string, target: StopTarget, atMs = 0): Engage => ({ type: 'engage', target, ...base(id, atMs) });
const cut = (id: string, target: StopTarget, atMs = 0): Cut => ({ type: 'cut', target, ...base(id, atMs) });
const lift = (id: string, stop: string, atMs = 0): Lift => ({ type: 'lift', stop: stop as StopId, ...base(id, atMs) });

/** A set with these records at places 1, 2, 3, … */
function setOf(...records: readonly (Engage | Cut | Lift)[]): StopSet {
  const set = new StopSet();
  for (const [index, record] of records.entries()) set.apply({ place: index + 1, record });
  return set;
}
const isVoid = (set: StopSet, place: number, ...targets: readonly StopTarget[]): boolean => set.voidedIn(targets.map(dimensionOf), place) !== undefined;
const isEngaged = (set: StopSet, ...targets: readonly StopTarget[]): boolean => set.engagedIn(targets.map(dimensionOf)) !== undefined;

describe('a stop voids what came before it', () => {
  const set = setOf(engage('s1', tickets), engage('s2', orders));
  test('a token from before', () => assert.ok(isVoid(set, 1, orders)));
  test('not one from after', () => assert.ok(!isVoid(set, 2, orders)));
  test('not one for something else', () => assert.ok(!isVoid(set, 1, agent)));
  test('and says by which of its parts', () => assert.equal(set.voidedIn([agent, orders].map(dimensionOf), 0), 'tool:orders'));
  test('nothing new goes out while it holds', () => assert.ok(isEngaged(set, agent, orders)));
  test('a token carries the last place', () => assert.equal(set.place, 2));
});

test('a cut voids what came before it and holds nothing back', () => {
  const set = setOf(cut('c1', orders));
  assert.ok(isVoid(set, 0, orders));
  assert.ok(!isVoid(set, 1, orders));
  assert.ok(!isEngaged(set, orders));
  assert.deepEqual(set.engaged, []);
});

test('a lift lets new tokens out and revives no old one', () => {
  const set = setOf(engage('s1', orders), lift('l1', 's1'));
  assert.ok(!isEngaged(set, orders));
  assert.ok(isVoid(set, 0, orders), 'a token from before the stop');
  assert.ok(!isVoid(set, 2, orders), 'a token from after the lift');
  assert.equal(set.engagedStop('s1' as StopId), undefined);
});

test('a lift ends one stop: another on the same target still holds', () => {
  const set = setOf(engage('s1', orders), engage('s2', orders), lift('l1', 's1'));
  assert.ok(isEngaged(set, orders));
  assert.deepEqual(set.engaged.map(({ id, place }) => [id, place]), [['s2', 2]]);
});

test('a lift of a stop that is not there changes nothing but the place', () => {
  const set = setOf(engage('s1', orders), lift('l1', 'other'), lift('l2', 's1'), lift('l3', 's1'));
  assert.ok(!isEngaged(set, orders));
  assert.equal(set.place, 4);
});

test('order decides, not clocks: a stop from a clock that is behind voids all the same', () => {
  const set = setOf(engage('s1', orders, 5_000), lift('l1', 's1', 9_000), engage('s2', orders, -1_000_000));
  assert.ok(isVoid(set, 2, orders));
  assert.ok(!isVoid(set, 3, orders));
});

describe('regression 6: a wide cut and a narrow one do not hide each other', () => {
  test('an older wide one does not hide a newer narrow one', () => {
    const set = setOf(cut('wide', all), cut('narrow', agent));
    assert.ok(isVoid(set, 1, all, agent), 'between the two, the narrow one counts');
    assert.ok(!isVoid(set, 1, all, orders), 'and only for what it names');
  });
  test('nor a newer wide one an older narrow one, nor the reverse', () => {
    const set = setOf(cut('narrow', agent), cut('wide', all));
    assert.ok(isVoid(set, 1, all, agent));
    assert.ok(isVoid(set, 0, agent), 'the narrow one still counts where the wide one is not asked about');
    assert.ok(!isVoid(set, 2, all, agent));
  });
  test('and lifting the wide one leaves the narrow one', () => {
    const set = setOf(engage('narrow', agent), engage('wide', all), lift('l', 'wide'));
    assert.ok(isEngaged(set, all, agent));
    assert.ok(!isEngaged(set, all, orders));
  });
});

describe('a stop bites before it is stored', () => {
  const pending = (): StopSet => {
    const set = setOf(cut('c', tickets));
    set.applyPending(engage('s1', orders));
    return set;
  };
  test('it voids everything that it matches, whatever its place', () => assert.ok(isVoid(pending(), 1_000_000, orders)));
  test('it holds back what is new', () => assert.ok(isEngaged(pending(), orders)));
  test('it leaves the rest alone', () => assert.ok(!isVoid(pending(), 1, tickets) && !isEngaged(pending(), tickets)));
  test('it is listed until it is stored, and a cut is not', () => {
    const set = pending();
    set.applyPending(cut('c1', tickets));
    assert.deepEqual(set.pending.map(({ id }) => id), ['s1']);
    set.apply({ place: 2, record: engage('s1', orders) });
    assert.deepEqual([set.pending, set.engaged.map(({ id }) => id)], [[], ['s1']]);
  });
  test('it has no place yet, so tokens carry the old one', () => assert.equal(pending().place, 1));
  test('once stored it has its place, and new tokens live when it is lifted', () => {
    const set = pending();
    set.apply({ place: 2, record: engage('s1', orders) });
    assert.ok(isVoid(set, 1, orders) && isEngaged(set, orders));
    set.apply({ place: 3, record: lift('l1', 's1') });
    assert.ok(!isVoid(set, 3, orders) && !isEngaged(set, orders));
  });
  test('a cut on its way holds too, until it is stored', () => {
    const set = new StopSet();
    set.applyPending(cut('c1', orders));
    assert.ok(isVoid(set, 9, orders) && isEngaged(set, orders));
    set.apply({ place: 1, record: cut('c1', orders) });
    assert.ok(!isVoid(set, 1, orders) && !isEngaged(set, orders));
  });
  test('another stop that is stored first does not end it', () => {
    const set = pending();
    set.apply({ place: 2, record: engage('s2', orders) });
    set.apply({ place: 3, record: lift('l1', 's2') });
    assert.ok(isEngaged(set, orders));
  });
});

describe('records may come twice', () => {
  const records = [engage('s1', orders), cut('c1', agent), lift('l1', 's1'), engage('s2', tickets)];
  test('and the second time changes nothing', () => {
    const set = setOf(...records);
    for (const [index, record] of records.entries()) set.apply({ place: index + 1, record });
    assert.equal(set.place, 4);
    assert.ok(!isEngaged(set, orders), 'the lifted stop came back');
    assert.ok(!isVoid(set, 2, agent));
    assert.deepEqual(set.engaged.map(({ id }) => id), ['s2']);
  });
});

describe('what is old is forgotten', () => {
  const set = setOf(cut('old', orders, 1_000), cut('new', tickets, 5_000), engage('held', agent, 1_000), engage('s', all, 1_000), lift('l', 's', 6_000));
  set.prune(2_000);
  test('a cut from before', () => assert.ok(!isVoid(set, 0, orders)));
  test('not a later one', () => assert.ok(isVoid(set, 0, tickets)));
  test('never one that is engaged', () => assert.ok(isVoid(set, 0, agent) && isEngaged(set, agent)));
});
