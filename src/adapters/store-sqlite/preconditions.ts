/** Judges preconditions against the state that the running transaction sees. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Precondition } from '../../store/port.ts';
import { windowStart } from './rate-window.ts';

export class PreconditionJudge {
  readonly #mark: StatementSync;
  readonly #claim: StatementSync;
  readonly #count: StatementSync;
  readonly #state: StatementSync;
  readonly #member: StatementSync;

  constructor(db: DatabaseSync) {
    this.#mark = db.prepare('SELECT 1 FROM stop_marks WHERE dimension = ? AND (engaged > 0 OR place > ?)');
    this.#claim = db.prepare('SELECT 1 FROM claims WHERE namespace = ? AND id = ?');
    this.#count = db.prepare('SELECT count FROM counts WHERE key = ? AND window = ? AND start = ?');
    this.#state = db.prepare('SELECT state FROM records WHERE kind = ? AND id = ?');
    this.#member = db.prepare('SELECT 1 FROM records INDEXED BY records_by_group WHERE kind = ? AND "group" = ? AND expires > ? LIMIT 1');
  }

  holds(precondition: Precondition): boolean {
    switch (precondition.type) {
      case 'noStopAfter':
        return !precondition.dimensions.some((dimension) => this.#mark.get(dimension, precondition.place) !== undefined);
      case 'unclaimed':
        return this.#claim.get(precondition.namespace, precondition.id) === undefined;
      case 'underRate': {
        const { key, limit, windowMs, nowMs } = precondition;
        const row = this.#count.get(key, windowMs, windowStart(windowMs, nowMs)) as { count: number } | undefined;
        return (row?.count ?? 0) < limit;
      }
      case 'noneIn':
        return this.#member.get(precondition.kind, precondition.group, precondition.nowMs) === undefined;
      case 'stateIs': {
        const row = this.#state.get(precondition.kind, precondition.id) as { state: string } | undefined;
        return row?.state === precondition.state;
      }
      default:
        return precondition satisfies never;
    }
  }
}
