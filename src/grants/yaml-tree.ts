/**
 * Text to a tree of YAML 1.2 nodes, for the strict part of YAML that the files may use. What makes YAML dangerous (aliases,
 * anchors, tags, directives, several documents) is refused while it is read, lexeme by lexeme, so that the cost of a
 * hostile file is bounded before anything is built from it.
 */
import { Composer, CST, type Document, Lexer, type Node, Parser, type YAMLError } from 'yaml';

/** Something wrong at an offset of the text, in UTF-16 code units. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
}

export type YamlTree = { readonly ok: true; readonly root: Node | null } | { readonly ok: false; readonly faults: readonly Fault[] };

/** In UTF-8 bytes. */
const MAX_FILE_BYTES = 256 * 1024;
/** A file of the greatest size that is written by hand has a third of this. */
const MAX_LEXEMES = 50_000;
/** Levels of lists and maps, the outermost one included. */
export const MAX_DEPTH = 16;
/** The parser's stack holds one entry a level, and a few of its own. */
const MAX_PARSER_STACK = MAX_DEPTH + 8;
const MAX_FAULTS = 20;

// Controls (the lexer has uses of its own for some), line ends that editors count differently, halves of surrogate pairs, and
// what makes text look other than it is to whoever reviews it.
const UNFIT_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u206f\ufff9-\uffff]|(?<!^)\ufeff|\p{Surrogate}|\r(?!\n)/u;

const REFUSED_LEXEMES: Readonly<Record<string, string>> = {
  alias: 'YAML aliases are not allowed: write the value out (every environment, under `approves` in people.yaml, is "*" with quotes)',
  anchor: 'YAML anchors are not allowed: write the value out where it is needed',
  tag: 'YAML tags are not allowed: put text that starts with `!` in quotes',
  'directive-line': 'YAML directives are not allowed: remove this line',
  'explicit-key-ind': 'YAML keys written with `?` are not allowed: write `key: value`',
};

export function parseTree(text: string): YamlTree {
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) return fail(0, `the file is larger than ${MAX_FILE_BYTES / 1024} KiB: split it`);
  const unfit = UNFIT_CHARACTER.exec(text);
  if (unfit !== null) return fail(unfit.index, `the file holds the invisible character U+${codeOf(unfit[0])}: remove it`);
  const tokens = tokenize(text);
  if (!Array.isArray(tokens)) return { ok: false, faults: [tokens] };
  const documents = tokens.filter((token) => token.type === 'document');
  const second = documents[1];
  if (second !== undefined) return fail(second.offset, 'a file holds one YAML document: put what follows into a file of its own');
  return composeTree(tokens);
}

/** The tokens of the text, or the first thing in it that is refused. Stops at a bound on their number and nesting. */
function tokenize(text: string): CST.Token[] | Fault {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MAX_LEXEMES) return { offset: parser.offset, message: 'the file holds too many values: split it' };
    const type: CST.TokenType | null = isScalar ? 'scalar' : CST.tokenType(lexeme);
    const refused = type === null ? undefined : REFUSED_LEXEMES[type];
    if (refused !== undefined) return { offset: parser.offset, message: refused };
    // The lexer announces the text of a plain or block scalar by a lexeme of its own.
    isScalar = !isScalar && type === 'scalar';
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_PARSER_STACK) return { offset: parser.offset, message: TOO_DEEP };
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

export const TOO_DEEP = `lists and maps are nested more than ${MAX_DEPTH} levels deep`;

function composeTree(tokens: readonly CST.Token[]): YamlTree {
  // Duplicate keys are looked for by the reader of the tree: the library's own search takes quadratic time.
  const composer = new Composer({ version: '1.2', schema: 'core', merge: false, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  const [document] = composer.compose(tokens) as Iterable<Document.Parsed>;
  const { errors, warnings } = document ?? composer.streamInfo();
  const faults = [...errors, ...warnings].slice(0, MAX_FAULTS).map(faultOf);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, root: document?.contents ?? null };
}

const fail = (offset: number, message: string): YamlTree => ({ ok: false, faults: [{ offset, message }] });

const codeOf = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');

const FAULT_WORDS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_INDENT: 'something here is not indented as what stands beside it, or a list or map before it lacks its closing `]` or `}`',
  MISSING_CHAR: 'a quote, `]`, `}`, `,` or `:` is missing here or before',
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  UNEXPECTED_TOKEN: 'nothing more may follow here: put the whole text in quotes (single ones, if it holds double ones)',
};

/** The library's message, in words of ours where its own leave a reader alone. */
function faultOf({ code, message, pos }: YAMLError): Fault {
  const isSecondColon = code === 'BLOCK_AS_IMPLICIT_KEY' || code === 'MULTILINE_IMPLICIT_KEY';
  const words = isSecondColon ? 'put text that holds `: ` in quotes, and start each key on a line of its own, in one column with the keys beside it' : (FAULT_WORDS[code] ?? message);
  return { offset: pos[0], message: `not valid YAML: ${words}` };
}
