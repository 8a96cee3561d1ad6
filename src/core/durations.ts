/** Durations as people write them: `30s`, `5m`, `1h`, `7d`. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds in a duration such as `5m`; undefined when the text is not one. Whole, positive numbers with one unit only. */
export function parseDurationSeconds(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (UNIT_SECONDS[match[2] as string] as number);
}

/** The shortest way to write a duration that `parseDurationSeconds` reads back. */
export function formatDuration(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNIT_SECONDS[unit] as number;
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** Calls per time, such as `60/min`: `{calls, windowSeconds}`; undefined when the text is not one. Units: s, min, h, day. */
export function parseCallRate(text: string): { readonly calls: number; readonly windowSeconds: number } | undefined {
  const match = /^([1-9][0-9]{0,6})\/(s|min|h|day)$/.exec(text);
  if (match === null) return undefined;
  const windowSeconds = { s: 1, min: 60, h: 3600, day: 86_400 }[match[2] as 's' | 'min' | 'h' | 'day'];
  return { calls: Number(match[1]), windowSeconds };
}
