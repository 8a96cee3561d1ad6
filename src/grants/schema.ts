/** The four kinds of files in the grants folder, as zod schemas: what each key may hold. What spans files is checked in compile.ts. */
import { z } from 'zod';
import { EFFECTS, ENFORCERS, ROLES } from './policy.ts';
import { line, list, mapOf, name, personId, shaped } from './schema-fields.ts';
import { hasProof, NEEDS_PROOF, PROOF_IN_JSON_SCHEMA, proof } from './schema-proof.ts';

const approves = z
  .strictObject({
    tool: name,
    env: z.union([z.literal('*'), name]).describe('An environment, or "*": every one that is not production.'),
  })
  .describe('A tool and environment whose grants this person may approve.');

const person = z.strictObject({
  roles: list(z.enum(ROLES), 0, ROLES.length).describe('approver answers for grants, admin looks after the broker, oncall stops things, auditor reads the record.'),
  approves: z.array(approves).max(500).optional().describe('What this person may approve grants for.'),
  ...proof,
});

export const peopleFile = z.strictObject({ people: mapOf(personId, person, 1, 5000).describe('Who there is, by e-mail address: a name, which proves nothing.') });

const agent = z
  .strictObject({ owner: personId.describe('The person who answers for this agent.'), ...proof })
  .refine(hasProof, { error: NEEDS_PROOF })
  .meta(PROOF_IN_JSON_SCHEMA);

export const agentsFile = z.strictObject({ agents: mapOf(name, agent, 1, 5000).describe('The agents by name: software that acts.') });

const action = z.strictObject({
  effect: z.enum(EFFECTS).describe('What it does to the world. All but read and write need a yes from a person each time.'),
  says: line(200).describe('What the agent may do, to follow "may": "look up the status of one order".'),
  mcp: list(shaped(/^[A-Za-z0-9_./-]+$/, 128, 'is no name of an MCP tool'), 1, 100)
    .optional()
    .describe('The MCP tools that this action covers.'),
  records: mapOf(name, shaped(/^(?:\/(?:[ -)+-.0-}]|~[01])*)+$/, 256, 'must be a JSON pointer (RFC 6901), such as /order_id'), 1, 20)
    .optional()
    .describe('Kinds of records and where the call names them, as JSON pointers into its arguments.'),
});

const server = z
  .strictObject({ id: name.describe('Its name among agents and servers.'), ...proof })
  .refine(hasProof, { error: NEEDS_PROOF })
  .meta(PROOF_IN_JSON_SCHEMA);

export const RESOURCE_RULE = 'must be the https URL of the MCP server (http only on this machine), without query, fragment, user name, `%` or `..`';

const environment = z.strictObject({
  production: z.boolean().optional().describe('Production unless this says false.'),
  resource: shaped(/^https?:\/\/[!-)+-~]+$/, 512, RESOURCE_RULE).describe('The URL of the MCP server: the audience of its tokens (RFC 8707).'),
  server: server.describe('The MCP server, and how it proves itself to the broker.'),
  may_call: list(name, 1, 100).optional().describe('Ids of other servers that may ask for tokens for this environment.'),
  enforced_by: z.enum(ENFORCERS).describe('What checks the tokens beside the tool.'),
  credential: z.strictObject({
    type: z.literal('token', { error: 'this version knows only `token`' }),
  }).describe('What an agent gets to act with. token: the access token itself.'),
});

export const toolFile = z.strictObject({
  tool: name.describe('The name of this tool.'),
  owner: personId.describe('The person who answers for this tool.'),
  says: line(200).describe('What the tool is for.'),
  actions: mapOf(name, action, 1, 200).describe('What can be done with it, by name. A grant names the ones that it allows.'),
  environments: mapOf(name, environment, 1, 50).describe('Where it runs, by name. Each has a server and a resource of its own.'),
});

const limits = z.strictObject({
  ttl: shaped(/^[1-9][0-9]{0,5}[smhd]$/, 8, 'must be a duration such as 5m').optional().describe('How long one token lives: 5m unless said, at most 1h.'),
  records: z.int().min(1).max(100_000).optional().describe('How many records one call may touch: 1 unless said, for a grant that holds more than reads.'),
  calls: shaped(/^[1-9][0-9]{0,6}\/(s|min|h|day)$/, 16, 'must be a rate such as 60/min').optional().describe('How many calls, per s, min, h or day.'),
  hours: line(160).optional().describe('When it holds, such as "Mon-Fri 08:00-18:00 Europe/Berlin".'),
});

const DAY = String.raw`\d{4}-\d{2}-\d{2}`;

export const grantFile = z.strictObject({
  grant: name.describe('The name of this grant.'),
  version: z.int().min(1).max(1_000_000).describe('Counts up with each edit.'),
  agents: list(name, 1, 100).describe('The agents that may.'),
  tool: name.describe('The tool, by its name in tools/*.yaml.'),
  env: name.describe('The one environment of the tool that it holds for.'),
  actions: list(name, 1, 200).describe('What they may do, each by its name. Nothing else is allowed.'),
  approver: personId.describe('The person who answers for this grant.'),
  reason: line(500).describe('Why it is needed, for whoever reviews it.'),
  expires: shaped(new RegExp(`^${DAY}(?:T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,3})?(?:Z|[+-]\\d{2}:\\d{2}))?$`), 29, 'must be a day such as 2027-03-31, or an instant such as 2027-03-31T18:00:00Z')
    .describe('The last day (until its end, UTC), or an RFC 3339 instant.'),
  review: shaped(new RegExp(`^${DAY}$`), 10, 'must be a day such as 2027-01-15').optional().describe('By when a person should look at it again.'),
  limits: limits.optional().describe('Bounds on what the agents may do.'),
});

export type PeopleFile = z.infer<typeof peopleFile>;
export type AgentsFile = z.infer<typeof agentsFile>;
export type ToolFile = z.infer<typeof toolFile>;
export type GrantFile = z.infer<typeof grantFile>;
