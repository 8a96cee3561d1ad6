/** Where private keys are on this machine. Never in the repository. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type KeyPair, parseKey } from '../adapters/data-folder/key-file.ts';
import { readPrivateFile } from '../adapters/data-folder/private-file.ts';
import { OPERATOR_ID } from '../core/names.ts';
import { CliProblem } from './terminal.ts';

/** `$XDG_CONFIG_HOME/hallpass/keys`, or `~/.config/hallpass/keys`. */
const keysFolder = (): string => join(process.env.XDG_CONFIG_HOME || join(process.env.HOME || homedir(), '.config'), 'hallpass', 'keys');

export const keyFileFor = (id: string): string => join(keysFolder(), `${id}.jwk`);

/** The places where the private key of this id may be, in the order in which they are looked at. */
export const placesFor = (id: string, dataFolder: string): readonly string[] =>
  id === OPERATOR_ID ? [join(dataFolder, 'operator.jwk')] : [keyFileFor(id), join(dataFolder, 'example-keys', `${id}.jwk`)];

/** Reads a private key from the first place that has one. */
export async function readKey(id: string, places: readonly string[]): Promise<KeyPair> {
  for (const file of places) {
    const text = readPrivateFile(file);
    if (text !== undefined) return parseKey(text, file);
  }
  throw new CliProblem(
    id === OPERATOR_ID
      ? `there is no operator key at ${places[0]}: start a broker here (hallpass serve), or say who you are (--as ID, or HALLPASS_CLIENT_ID and HALLPASS_KEY_FILE)`
      : `there is no private key of ${id}: make one with \`hallpass keys new agent|server|person ${id}\`, or name its file in HALLPASS_KEY_FILE`,
    { lines: places.map((file) => `looked for ${file}`) },
  );
}
