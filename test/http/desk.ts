/** The example with one agent more, whom the company's identity provider vouches for. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { edit, testBroker, type TestBroker } from './broker.ts';
import { type Idp, idpFor } from './idp.ts';

export const desk = async (t: TestContext): Promise<{ readonly broker: TestBroker; readonly idp: Idp }> => {
  const idp = await idpFor(t);
  const grants = (folder: string): void => {
    edit(folder, 'agents.yaml', /$/, '  desk-agent:\n    owner: dana@example.com\n    identity: {issuer: https://idp.example.com, subject: desk}\n');
    writeFileSync(
      join(folder, 'desk-tickets.yaml'),
      'grant: desk-tickets\nversion: 1\nagents: [desk-agent]\ntool: tickets\nenv: staging\nactions: [tickets.read, tickets.create]\napprover: dana@example.com\nreason: for a test\nexpires: 2027-12-31\n',
    );
  };
  return { broker: await testBroker(t, { config: { identities: [idp.identity] }, grants }), idp };
};
