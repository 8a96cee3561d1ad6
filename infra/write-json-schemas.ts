/** Writes schemas/*.schema.json, which editors read, from the schemas that the compiler of the grants folder uses. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchemaFiles } from '../src/grants/json-schemas.ts';

const folder = join(import.meta.dirname, '..', 'schemas');

mkdirSync(folder, { recursive: true });
for (const [name, text] of jsonSchemaFiles()) writeFileSync(join(folder, name), text);
