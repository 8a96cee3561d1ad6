/** Several rounds of several sides, taking turns, so that whatever else the machine does hits all of them. */

export async function alternate<Side extends string, T>(rounds: number, sides: readonly Side[], measure: (side: Side, round: number) => Promise<T>): Promise<Readonly<Record<Side, readonly T[]>>> {
  const found = Object.fromEntries(sides.map((side) => [side, [] as T[]])) as Record<Side, T[]>;
  for (let round = 0; round < rounds; round += 1) {
    // Every other round in reverse, so that no side always comes first.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) found[side].push(await measure(side, round));
  }
  return found;
}
