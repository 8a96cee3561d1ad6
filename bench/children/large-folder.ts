/** A grants folder of so many grants, ten to an agent, spread over ten tools. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TOOLS = 10;
const GRANTS_PER_AGENT = 10;

export function writeLargeFolder(folder: string, grants: number): void {
  mkdirSync(join(folder, 'tools'), { recursive: true });
  const agents = Array.from({ length: Math.ceil(grants / GRANTS_PER_AGENT) }, (_, index) => index);
  const tools = Array.from({ length: TOOLS }, (_, index) => index);
  writeFileSync(join(folder, 'people.yaml'), `people:\n  dana@example.com:\n    roles: [approver]\n    approves:\n${tools.map((tool) => `      - {tool: tool-${tool}, env: "*"}\n`).join('')}`);
  const agentLines = agents.map((agent) => `  agent-${agent}: {owner: dana@example.com, identity: {issuer: "https://idp.example.com", subject: agent-${agent}}}\n`);
  writeFileSync(join(folder, 'agents.yaml'), `agents:\n${agentLines.join('')}`);
  for (const tool of tools) writeFileSync(join(folder, `tools/tool-${tool}.yaml`), toolFile(tool));
  for (let grant = 0; grant < grants; grant += 1) rewriteGrant(folder, grant, 1);
}

/** Writes a grant; a higher version is a change, and one that takes something away is also a cut. */
export function rewriteGrant(folder: string, grant: number, version: number): void {
  const tool = grant % TOOLS;
  const actions = version === 1 ? `[tool-${tool}.read, tool-${tool}.list]` : `[tool-${tool}.read]`;
  writeFileSync(
    join(folder, `grant-${grant}.yaml`),
    `# yaml-language-server: $schema=../schemas/grant.schema.json
grant: grant-${grant}
version: ${version}
agents: [agent-${Math.floor(grant / GRANTS_PER_AGENT)}]
tool: tool-${tool}
env: staging
actions: ${actions}
approver: dana@example.com
reason: Answer questions in support chat
expires: 2099-12-31
review: 2099-06-30
limits: {ttl: 5m, records: 1, calls: 60/min, hours: "Mon-Fri 08:00-18:00 Europe/Berlin"}
`,
  );
}

const toolFile = (tool: number): string => `tool: tool-${tool}
owner: dana@example.com
says: One of many tools.
actions:
  tool-${tool}.read: {effect: read, says: look up one thing, mcp: [get_thing], records: {thing: /thing_id}}
  tool-${tool}.list: {effect: read, says: list things}
environments:
  staging:
    production: false
    resource: https://tool-${tool}.example.com/mcp
    server: {id: tool-${tool}-mcp, identity: {issuer: "https://idp.example.com", subject: tool-${tool}-mcp}}
    enforced_by: introspection
    credential: {type: token}
`;
