/** The last good grant files, kept so that a broken folder never keeps a broker from starting with what was in force. */
import * as z from 'zod';
import { parseJson } from '../../core/json.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const cacheSchema = z.strictObject({ v: z.literal(1), files: z.array(z.tuple([z.string(), z.string()])) });

export interface PolicyCacheFile {
  /** The files as they were kept; undefined when there are none, or when they cannot be read. */
  read(): Promise<ReadonlyMap<string, string> | undefined>;
  write(files: ReadonlyMap<string, string>): Promise<void>;
}

export const policyCacheIn = (file: string): PolicyCacheFile => ({
  read: async () => {
    const text = readPrivateFile(file);
    const parsed = text === undefined ? undefined : cacheSchema.safeParse(parseJson(text));
    return parsed?.success === true ? new Map(parsed.data.files) : undefined;
  },
  write: async (files) => writePrivateFile(file, JSON.stringify({ v: 1, files: [...files] })),
});
