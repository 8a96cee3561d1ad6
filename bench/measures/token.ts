/** `/token` with `client_credentials` beside node-oidc-provider. */
import { join } from 'node:path';
import { type Server, startServer } from '../lib/child.ts';
import { ratioRow, type Row } from '../lib/rows.ts';
import { IN_FLIGHT, type Scale } from '../lib/scale.ts';
import { assertion, newKey } from '../lib/sign.ts';
import { AGENT, makeWorld, RESOURCE, SCOPE } from '../lib/world.ts';
import { clientForm, compare, type Contender, loadRows, perSecond, signatureRows, startHallpass, startLimit } from './contenders.ts';
import type { Measure } from './measure.ts';

export const token: Measure = { name: 'token', says: '/token by client_credentials, beside node-oidc-provider', run };

async function run(scale: Scale, folder: string): Promise<readonly Row[]> {
  const world = makeWorld(folder);
  const providerKey = newKey('provider');
  const form = (issuer: string): Readonly<Record<string, string>> => ({
    grant_type: 'client_credentials', ...clientForm(AGENT, assertion(world.agent, AGENT, issuer)), resource: RESOURCE, scope: SCOPE,
  });
  const startPeer = (env: Readonly<Record<string, string>>): Promise<Server> =>
    startServer('bench/servers/oidc-provider.ts', (port) => [String(port), JSON.stringify(world.agent.publicJwk), JSON.stringify(providerKey.privateJwk)], () => env);
  const contenders: readonly Contender<'Hallpass' | 'node-oidc-provider' | 'limit'>[] = [
    { side: 'Hallpass', start: (env) => startHallpass(world.settings, env), form },
    { side: 'node-oidc-provider', start: startPeer, form },
    // What the same signatures and one durable row cost by themselves: nothing that records what it issues can be faster.
    { side: 'limit', start: (env) => startLimit({ client: world.agent, identities: world.identities }, join(folder, 'limit.db'), env), form },
  ];
  const busy = await compare(contenders, scale, IN_FLIGHT);
  const calm = await compare(contenders, scale, 1);
  const counts: Row[] = [];
  for (const contender of contenders) counts.push(...(await signatureRows('client_credentials', contender, folder)));
  return [
    ...contenders.flatMap(({ side }) => loadRows(`client_credentials, ${IN_FLIGHT} in flight`, side, busy[side])),
    ratioRow(`client_credentials, ${IN_FLIGHT} in flight`, 'Hallpass / node-oidc-provider', perSecond(busy.Hallpass), perSecond(busy['node-oidc-provider'])),
    ratioRow(`client_credentials, ${IN_FLIGHT} in flight`, 'Hallpass / limit', perSecond(busy.Hallpass), perSecond(busy.limit)),
    ratioRow(`client_credentials, ${IN_FLIGHT} in flight`, 'limit / node-oidc-provider', perSecond(busy.limit), perSecond(busy['node-oidc-provider'])),
    ...contenders.flatMap(({ side }) => loadRows('client_credentials, 1 in flight', side, calm[side])),
    ...counts,
  ];
}
