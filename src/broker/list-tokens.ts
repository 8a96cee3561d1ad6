/** Live tokens: what is out there now, never the tokens themselves. */
import { type Refused, readProblem } from './authorize.ts';
import type { BrokerContext, Caller } from './context.ts';
import { accessOf, type LiveToken, readLiveToken } from './live-token.ts';
import { pages } from './sessions.ts';
import { toolDimensionsOf } from '../tokens/claims.ts';

/** A walk looks at so many tokens at most, so that a look at a busy broker stays cheap. */
const WALKED_TOKENS = 5_000;

export interface TokenView {
  readonly token: string;
  readonly agent: string;
  readonly requester: string;
  readonly server: string;
  readonly tool: string;
  readonly env: string;
  readonly actions: readonly string[];
  readonly grant: string;
  readonly session: string;
  readonly issued: string;
  readonly expires: string;
}

export interface LiveTokens {
  readonly live: readonly LiveToken[];
  /** Whether every token was looked at; if not, there are more than these. */
  readonly isComplete: boolean;
}

/** The tokens that have not ended and that no stop has voided. */
export async function liveTokens(context: BrokerContext, nowMs: number): Promise<LiveTokens> {
  const live: LiveToken[] = [];
  let walked = 0;
  for await (const page of pages(context, 'token', nowMs)) {
    live.push(...page.map(readLiveToken).filter(({ claims, kid }) => context.stops.voidedIn(toolDimensionsOf(claims, kid), claims.ord) === undefined));
    walked += page.length;
    if (walked >= WALKED_TOKENS) return { live, isComplete: false };
  }
  return { live, isComplete: true };
}

/** Lists live tokens, the newest first, for people on call. */
export async function listTokens(context: BrokerContext, caller: Caller, limit: number, nowMs: number): Promise<{ readonly kind: 'tokens'; readonly tokens: readonly TokenView[]; readonly isComplete: boolean } | Refused> {
  const problem = readProblem(context, caller, ['oncall', 'admin']);
  if (problem !== undefined) return problem;
  const { live, isComplete } = await liveTokens(context, nowMs);
  const newest = live.toSorted((a, b) => b.claims.iat - a.claims.iat).slice(0, limit);
  return { kind: 'tokens', tokens: newest.map(view), isComplete: isComplete && newest.length === live.length };
}

const view = ({ claims }: LiveToken): TokenView => ({
  token: claims.jti, agent: claims.agent, requester: claims.sub, server: claims.server, tool: accessOf(claims).tool, env: accessOf(claims).env,
  actions: claims.scope.split(' '), grant: claims.grant, session: claims.sid,
  issued: new Date(claims.iat * 1000).toISOString(), expires: new Date(claims.exp * 1000).toISOString(),
});
