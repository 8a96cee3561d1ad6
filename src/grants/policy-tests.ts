/**
 * Tests of the policy itself, kept beside it in `grants/tests/*.test.yaml`: requests at a frozen moment, each with what must
 * come of it. They ask `decide`, as the broker does.
 */
import { z } from 'zod';
import { DENY_REASONS, type DenyReason } from '../core/reasons.ts';
import { type AccessRequest, decide, type Decision } from './decide.ts';
import type { Policy, SourcePlace } from './policy.ts';
import { type Problem, problemAt, sortProblems } from './problem.ts';
import { line } from './schema-fields.ts';
import { checkShape } from './schema-problems.ts';
import { parseYaml } from './yaml.ts';

export interface PolicyTest {
  readonly name: string;
  readonly request: AccessRequest;
  readonly nowMs: number;
  readonly expect: Decision['kind'];
  /** Of a denial: one of its reasons must be this one. */
  readonly reason?: DenyReason;
  readonly source: SourcePlace;
}

export interface PolicyTestResult {
  readonly name: string;
  readonly passed: boolean;
  /** `allow`, `ask`, `deny`, `deny as unsigned`. */
  readonly expected: string;
  readonly got: string;
  readonly reasons: readonly DenyReason[];
  readonly file: string;
  readonly line: number;
}

const instant = z.iso.datetime({ offset: true, error: ({ input }) => (input === undefined ? undefined : 'must be an instant, such as 2026-12-01T10:00:00Z') });
/** A test may ask for names that do not exist, or that are none: that is something to test. */
const asked = z.string().max(320);

const testSchema = z
  .strictObject({
    name: line(200).describe('What must hold, for whoever reads that it does not.'),
    agent: asked.describe('Who asks.'),
    tool: asked,
    env: asked,
    actions: z.array(asked).max(64).optional().describe('What is asked for; without it the reads of the grant.'),
    records: z.int().min(0).max(1_000_000).optional().describe('How many records the call would touch.'),
    expect: z.enum(['allow', 'ask', 'deny']).describe('What must come of it. ask: a person has to say yes first.'),
    reason: z.enum(DENY_REASONS).optional().describe('Why it must be denied.'),
    now: instant.optional().describe('When it is asked, if not at the `now` of the file.'),
  })
  .refine(({ expect, reason }) => reason === undefined || expect === 'deny', { path: ['reason'], error: 'is there, but only a denial has a reason' })
  .meta({ dependentSchemas: { reason: { properties: { expect: { const: 'deny' } } } } });

/** What a file `grants/tests/*.test.yaml` holds. */
export const policyTestsFile = z.strictObject({
  now: instant.describe('The moment at which the tests ask.'),
  tests: z.array(testSchema).min(1).max(2_000),
});

export type ParsedPolicyTests = { readonly ok: true; readonly tests: readonly PolicyTest[] } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads one file of tests. All of its problems come at once, each with its place. */
export function parsePolicyTests(file: string, text: string): ParsedPolicyTests {
  const read = parseYaml(file, text);
  if (!read.ok) return read;
  const { yaml } = read;
  const checked = checkShape(policyTestsFile, yaml);
  if (!checked.ok) return { ok: false, problems: sortProblems(checked.problems) };

  const { now, tests } = checked.content;
  const names = tests.map(({ name }) => name);
  const repeated = names.flatMap((name, index) => (names.indexOf(name) === index ? [] : [index]));
  if (repeated.length > 0) {
    return { ok: false, problems: repeated.map((index) => problemAt(yaml.placeOf(['tests', index, 'name']), 'another test has this name')) };
  }
  return {
    ok: true,
    tests: tests.map(({ name, agent, tool, env, actions = [], records, expect, reason, now: ownNow = now }, index) => ({
      name,
      request: { agent, tool, env, actions, ...(records === undefined ? {} : { records }) },
      nowMs: Date.parse(ownNow),
      expect,
      ...(reason === undefined ? {} : { reason }),
      source: yaml.placeOf(['tests', index]),
    })),
  };
}

/** Runs tests against a policy, in their order. */
export const runPolicyTests = (policy: Policy, tests: readonly PolicyTest[]): readonly PolicyTestResult[] => tests.map((test) => run(policy, test));

function run(policy: Policy, { name, request, nowMs, expect, reason, source }: PolicyTest): PolicyTestResult {
  const decision = decide(policy, request, nowMs);
  const reasons = decision.kind === 'deny' ? [...new Set(decision.denials.map((denial) => denial.reason))] : [];
  // A misspelt name is always denied: unless that is what is tested, such a test would show nothing, for ever.
  const isMisspelt = expect === 'deny' && reason === undefined && reasons.some((given) => UNKNOWN_NAME.has(given));
  const passed = decision.kind === expect && (reason === undefined || reasons.includes(reason)) && !isMisspelt;
  return {
    name,
    passed,
    expected: isMisspelt ? `deny (if the unknown name is what you test, add \`reason: ${reasons[0] ?? ''}\`)` : outcome(expect, reason === undefined ? [] : [reason]),
    got: outcome(decision.kind, reasons),
    reasons,
    file: source.file,
    line: source.line,
  };
}

const UNKNOWN_NAME: ReadonlySet<DenyReason> = new Set(['unknown_agent', 'unknown_tool', 'unknown_env', 'unknown_action']);

const outcome = (kind: Decision['kind'], reasons: readonly DenyReason[]): string => (reasons.length === 0 ? kind : `${kind} as ${reasons.join(', ')}`);
