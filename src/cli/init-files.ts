/** What `hallpass init` writes: a commented configuration, and one tool in one environment. */

export interface InitNames {
  readonly person: string;
  readonly agent: string;
  readonly tool: string;
  readonly env: string;
  /** The URL of the MCP server. */
  readonly resource: string;
  /** The last day of the grant, and the day by which it is to be looked at: `2027-03-31`. */
  readonly expires: string;
  readonly review: string;
  /** Where editors find the schemas, seen from the grants folder: a folder or a URL, with a slash at its end. */
  readonly schemas: string;
}

/** Path to text. */
export function initFiles(names: InitNames): ReadonlyMap<string, string> {
  const { person, agent, tool, env, resource, expires, review, schemas } = names;
  const schema = (kind: string, up = ''): string => `# yaml-language-server: $schema=${schemas.startsWith('http') ? '' : up}${schemas}${kind}.schema.json`;
  return new Map([
    ['hallpass.yaml', CONFIG],
    [
      'grants/people.yaml',
      `${schema('people')}
#
# Who there is. Roles: approver (answers for grants), admin, oncall (stops, and lifts stops), auditor (reads the record).
# An e-mail address is only a name: what proves a person is a key, made with \`hallpass keys new person ${person}\`.

people:
  ${person}:
    roles: [approver, admin, oncall, auditor]
    approves:
      # "*" is every environment that is not production.
      - {tool: ${tool}, env: "*"}
`,
    ],
    [
      'grants/agents.yaml',
      `${schema('agents')}
#
# The agents: software that acts, each with an identity of its own and a person who answers for it.
# \`hallpass keys new agent ${agent}\` fills in the public key; an identity provider can vouch for it instead:
#   identity: {issuer: https://idp.example.com, subject: ${agent}}

agents:
  ${agent}:
    owner: ${person}
    keys: []
`,
    ],
    [
      `grants/tools/${tool}.yaml`,
      `${schema('tool', '../')}
#
# A tool is what one MCP server offers. \`effect\` says what an action does to the world: read, write, send, money, delete,
# access or bulk. All but read and write need a yes from a person each time, whatever a grant says.

tool: ${tool}
owner: ${person}
says: Describe here what the tool is for.

actions:
  ${tool}.read:
    effect: read
    says: read one ${singular(tool)}
    # The names that MCP clients call; MCP calls them tools.
    mcp: [read_${singular(tool)}]
  ${tool}.add:
    effect: write
    says: add one ${singular(tool)}
    mcp: [add_${singular(tool)}]

environments:
  ${env}:
    # An environment is production unless it says that it is not.
    production: false
    # The URL of the MCP server: the audience of its tokens.
    resource: ${resource}
    # The server itself; \`hallpass keys new server ${tool}-mcp-${env}\` fills in its public key.
    server: {id: ${tool}-mcp-${env}, keys: []}
    # The server asks the broker about each token that it is shown.
    enforced_by: introspection
    credential: {type: token}
`,
    ],
    [
      `grants/${agent}-${tool}.yaml`,
      `${schema('grant')}
#
# A grant lets agents do something in one environment of one tool. Nothing is allowed that no grant names.

grant: ${agent}-${tool}
version: 1
agents: [${agent}]
tool: ${tool}
env: ${env}
actions: [${tool}.read, ${tool}.add]
approver: ${person}
reason: Say here why it is needed
# The last day, in UTC; without an end there is no grant.
expires: ${expires}
review: ${review}
limits: {ttl: 5m, calls: 60/min}
`,
    ],
    [
      `grants/tests/${tool}.test.yaml`,
      `${schema('tests', '../')}
#
# What must come of requests under these grants, at a moment that stands still. Run with \`hallpass grants test\`.

now: ${review}T10:00:00Z
tests:
  - name: ${agent} reads one ${singular(tool)}
    agent: ${agent}
    tool: ${tool}
    env: ${env}
    actions: [${tool}.read]
    expect: allow

  - name: nothing is left after the last day
    now: ${Number(expires.slice(0, 4)) + 1}-01-01T00:00:00Z
    agent: ${agent}
    tool: ${tool}
    env: ${env}
    actions: [${tool}.read]
    expect: deny
    reason: grant_expired
`,
    ],
  ]);
}

const singular = (tool: string): string => tool.replaceAll(/[^a-z0-9]/g, '_').replace(/s$/, '');

const CONFIG = `# Settings of the broker. Each is also an environment variable, which wins: HALLPASS_ISSUER, HALLPASS_LISTEN, ….
# What is commented out is the default.

# The URL under which agents and servers reach the broker, and the name in every token. https, unless it is this machine.
#issuer: http://127.0.0.1:8787

# Where it listens.
#listen: 127.0.0.1:8787

# The folder that is the whole policy. Keep it in git.
#grants: grants

# The broker's own data: its store, its signing keys. Keep it out of git.
#data: .hallpass

# Identity providers whose tokens prove who an agent, a server or a person is; their aud must be the issuer above.
#identities:
#  - {issuer: https://idp.example.com, jwks_uri: https://idp.example.com/jwks}
#  - {issuer: https://kubernetes.example.com, jwks_file: cluster-jwks.json}

# Hosts of key sets that may be at private addresses, and spoken to by http. Each by its exact name.
#allow_private_hosts: [idp.internal]
`;
