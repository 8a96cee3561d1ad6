/** What a commit may answer where only one answer is expected. */
import type { CommitResult } from '../store/port.ts';

/** The commit's places and positions. A refusal here is a bug or an outage, so it is an exception: the caller fails closed. */
export function expectCommitted(result: CommitResult): Extract<CommitResult, { type: 'committed' }> {
  if (result.type === 'committed') return result;
  if (result.type === 'wrongEpoch') throw new Error('the store is not the one this broker started with: restart the broker');
  throw new Error(`the store refused a write that nothing can refuse: ${result.precondition.type}`);
}
