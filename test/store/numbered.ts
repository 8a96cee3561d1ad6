/** An issuance that can be told by its number, in every table that it writes to. */
import type { Effect, Precondition } from '../../src/store/port.ts';
import { append, claim, put, unclaimed } from './pieces.ts';

export const issuance = (number: number): { preconditions: readonly Precondition[]; effects: readonly Effect[] } => ({
  preconditions: [unclaimed(`claim-${number}`)],
  effects: [claim(`claim-${number}`), put(`token-${number}`), append(`${number}`)],
});
