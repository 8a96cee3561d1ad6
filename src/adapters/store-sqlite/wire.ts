/**
 * A batch as it crosses to the writing thread: the commits as JSON and all bytes in one buffer, which is handed over, not
 * copied. Cloning the objects instead costs the sender more than twice the time, and copies the whole pool behind each small Buffer.
 */
import type { Commit, Effect } from '../../store/port.ts';

export interface PackedBatch {
  readonly json: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An `append` in the JSON: how much of the buffer is its entry, and how much its leaf hash; effects take their bytes in order. */
type PackedEffect = Exclude<Effect, { type: 'append' }> | { readonly type: 'append'; readonly entry: number; readonly leaf: number };
type PackedCommit = Omit<Commit, 'effects'> & { readonly effects: readonly PackedEffect[] };

export function packBatch(commits: readonly Commit[]): PackedBatch {
  const parts: Uint8Array[] = [];
  let size = 0;
  const pack = (effect: Effect): PackedEffect => {
    if (effect.type !== 'append') return effect;
    parts.push(effect.bytes, effect.leafHash);
    size += effect.bytes.length + effect.leafHash.length;
    return { type: 'append', entry: effect.bytes.length, leaf: effect.leafHash.length };
  };
  const packed = commits.map(({ epoch, preconditions, effects }): PackedCommit => ({ epoch, preconditions, effects: effects.map(pack) }));
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return { json: JSON.stringify(packed), bytes };
}

export function unpackBatch({ json, bytes }: PackedBatch): readonly Commit[] {
  let offset = 0;
  const take = (length: number): Uint8Array => {
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const unpack = (effect: PackedEffect): Effect =>
    effect.type === 'append' ? { type: 'append', bytes: take(effect.entry), leafHash: take(effect.leaf) } : effect;
  return (JSON.parse(json) as readonly PackedCommit[]).map((commit) => ({ ...commit, effects: commit.effects.map(unpack) }));
}
