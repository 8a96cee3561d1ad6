/** Token exchange beside the limit: the same signatures and one durable row, and nothing else. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ratioRow, type Row } from '../lib/rows.ts';
import { IN_FLIGHT, type Scale } from '../lib/scale.ts';
import { assertion, identityToken } from '../lib/sign.ts';
import { AGENT, IDENTITY_ISSUER, makeWorld, RESOURCE, SCOPE, SERVER, type World } from '../lib/world.ts';
import { clientForm, compare, type Contender, loadRows, perSecond, signatureRows, startHallpass, startLimit } from './contenders.ts';
import type { Measure } from './measure.ts';

export const exchange: Measure = { name: 'exchange', says: 'token exchange, beside a bare route with the same signatures and one durable row', run };

async function run(scale: Scale, folder: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of ['fresh', 'reused'] as const) {
    const own = join(folder, subject);
    mkdirSync(own);
    const what = `exchange, ${subject} subject_token`;
    const contenders = contendersOf(subject, makeWorld(own), own);
    const loads = await compare(contenders, scale, IN_FLIGHT);
    for (const { side } of contenders) rows.push(...loadRows(what, side, loads[side]));
    rows.push(ratioRow(what, 'Hallpass / limit', perSecond(loads.Hallpass), perSecond(loads.limit)));
    for (const contender of contenders) rows.push(...(await signatureRows(what, contender, own)));
  }
  return rows;
}

function contendersOf(subject: 'fresh' | 'reused', world: World, folder: string): readonly Contender<'Hallpass' | 'limit'>[] {
  const known = new Map<string, string>();
  const subjectToken = (issuer: string): string => {
    const token = known.get(issuer) ?? identityToken(world.identities, IDENTITY_ISSUER, AGENT, issuer);
    if (subject === 'reused') known.set(issuer, token);
    return token;
  };
  const form = (issuer: string): Readonly<Record<string, string>> => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', ...clientForm(SERVER, assertion(world.server, SERVER, issuer)),
    subject_token: subjectToken(issuer), subject_token_type: 'urn:ietf:params:oauth:token-type:jwt', resource: RESOURCE, scope: SCOPE,
  });
  return [
    { side: 'Hallpass', start: (env) => startHallpass(world.settings, env), form },
    { side: 'limit', start: (env) => startLimit({ client: world.server, identities: world.identities }, join(folder, 'limit.db'), env), form },
  ];
}
