/**
 * The schemas of the files as JSON Schema (draft 2020-12), so that editors complete and check them while they are written. They come
 * from the schemas that the compiler itself uses: an editor is never more lenient about a single file's shape than the broker.
 * What spans files (names that must exist, things that only one may have) is left to `hallpass grants check`.
 */
import { z } from 'zod';
import { policyTestsFile } from './policy-tests.ts';
import { agentsFile, grantFile, peopleFile, toolFile } from './schema.ts';

type SchemaKind = 'people' | 'agents' | 'tool' | 'grant' | 'tests';

interface Described {
  readonly schema: z.ZodType;
  readonly title: string;
  readonly description: string;
}

const FILES: Readonly<Record<SchemaKind, Described>> = {
  people: { schema: peopleFile, title: 'Hallpass people', description: 'grants/people.yaml: the people, their roles, and what each may approve.' },
  agents: { schema: agentsFile, title: 'Hallpass agents', description: 'grants/agents.yaml: the agents, who answers for each, and how each proves itself.' },
  tool: { schema: toolFile, title: 'Hallpass tool', description: 'grants/tools/*.yaml: what one MCP server offers, and the environments that it offers it in.' },
  grant: { schema: grantFile, title: 'Hallpass grant', description: 'grants/*.yaml: who may do what in one environment of one tool, who approved it, why, and until when.' },
  tests: { schema: policyTestsFile, title: 'Hallpass policy tests', description: 'grants/tests/*.test.yaml: requests, each with what must come of it. Run with `hallpass grants test`.' },
};

/** Where the package publishes the schema of a kind of file. */
const schemaUrl = (kind: SchemaKind): string => `https://unpkg.com/hallpass/schemas/${kind}.schema.json`;

/** File name to text, ready to be written. */
export function jsonSchemaFiles(): ReadonlyMap<string, string> {
  return new Map((Object.keys(FILES) as SchemaKind[]).map((kind) => [`${kind}.schema.json`, `${JSON.stringify(jsonSchema(kind), null, 2)}\n`]));
}

function jsonSchema(kind: SchemaKind): object {
  const { schema, title, description } = FILES[kind];
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    // A pattern beside each format says the same, and a validator that lacks a list of formats refuses to start.
    override: ({ jsonSchema: made }) => {
      Reflect.deleteProperty(made, 'format');
    },
  });
  return { $schema, $id: schemaUrl(kind), title, description, ...rest };
}
