/** Where the broker counts what it does, for dashboards. Kinds and reasons only: no name of an agent, a tool or a person. */
import type { DenyReason } from './reasons.ts';

export interface Meter {
  issued(kind: 'tool' | 'api'): void;
  denied(reason: DenyReason): void;
  /** `route` is a pattern, never a URL. */
  answered(request: { readonly method: string; readonly route: string; readonly status: number; readonly seconds: number }): void;
  /** What `/metrics` serves. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}
