/** Why a request was denied, in words that say what to do next, and where the rule stands. */
import type { AgentId, EnvName, GrantId, ToolName } from '../core/names.ts';
import type { DenyReason } from '../core/reasons.ts';
import type { Policy, SourcePlace } from './policy.ts';
import { askedName } from './words.ts';

/** A denial as the ledger keeps it: names as they were asked, whether they exist or not. */
export interface RecordedDenial {
  readonly reason: DenyReason;
  /** The id of the grant that it is about, where it is about one. */
  readonly grant?: string;
  readonly agent?: string;
  readonly tool?: string;
  readonly env?: string;
}

export interface Located {
  /** The rule that said no. */
  readonly rule: string;
  /** What a person can do about it. */
  readonly todo: string;
  /** Where the rule, or what it reads, stands in the files of today; absent when no file decides it. */
  readonly place?: SourcePlace;
}

export function locate(policy: Policy, denial: RecordedDenial): Located {
  const place = placeOf(policy, denial);
  return { ...rulesOf(denial), ...(place === undefined ? {} : { place }) };
}

/** The most exact place that today's files have: the grant, else the environment, else the tool, else the agent. */
function placeOf(policy: Policy, { reason, grant, agent, tool, env }: RecordedDenial): SourcePlace | undefined {
  const aboutTool = policy.tools.get(tool as ToolName);
  const aboutAgent = policy.agents.get(agent as AgentId)?.source;
  const aboutGrant = policy.grants.get(grant as GrantId)?.source;
  switch (reason) {
    case 'action_not_granted': case 'no_action_named': case 'grant_expired': case 'outside_hours': case 'too_many_records': case 'rate_limited':
    case 'exceeds_parent':
      return aboutGrant;
    case 'unsigned': case 'approval_required':
      return aboutGrant ?? aboutTool?.source;
    case 'unknown_env': case 'unknown_action': case 'several_actions': case 'target_mismatch':
      return aboutTool?.source;
    case 'not_your_environment':
      return aboutTool?.environments.get(env as EnvName)?.source;
    case 'no_grant': case 'client_authentication_failed':
      return aboutAgent;
    case 'unknown_agent': case 'unknown_tool': case 'unknown_resource': case 'subject_expired': case 'stopped': case 'session_closed':
    case 'replayed': case 'subject_token_invalid': case 'actor_token_invalid': case 'malformed_request':
      return undefined;
    default:
      return reason satisfies never;
  }
}

function rulesOf({ reason, grant = 'the grant', ...asked }: RecordedDenial): { rule: string; todo: string } {
  const agent = asked.agent === undefined ? 'the agent' : askedName(asked.agent);
  const tool = asked.tool === undefined ? 'the tool' : askedName(asked.tool);
  const env = asked.env === undefined ? 'the environment' : askedName(asked.env);
  switch (reason) {
    case 'unknown_tool':
      return { rule: 'Tools are matched exactly, and no file under tools/ describes this one.', todo: `Check the spelling of ${tool}, or describe it in a file under tools/.` };
    case 'unknown_env':
      return { rule: `Environments are matched exactly, and ${tool} has none of this name.`, todo: `Check the spelling of ${env}, or add it under \`environments\` of ${tool}.` };
    case 'unknown_action':
      return { rule: `Actions are matched exactly, and ${tool} lacks one that was asked for.`, todo: `Ask for an action that ${tool} has, or add it under \`actions\` of ${tool}.` };
    case 'unknown_resource':
      return { rule: 'A `resource` names one environment of one tool, compared as a whole.', todo: 'Ask with the `resource` that the tool file states, or by `tool` and `env`.' };
    case 'target_mismatch':
      return { rule: '`resource`, `tool` and `env` must name the same target.', todo: 'Send only one of the two ways to name it, or correct the one that is wrong.' };
    case 'no_action_named':
      return { rule: 'Without a `scope` only reads are given, and this grant holds none.', todo: 'Ask with a `scope` that names the one action wanted.' };
    case 'several_actions':
      return { rule: 'A token holds reads, or exactly one other action.', todo: 'Ask for each action that is not a read in a request of its own.' };
    case 'unknown_agent':
      return { rule: 'Only agents named in agents.yaml get tokens.', todo: `Check the spelling of ${agent}, or add it: \`hallpass keys new agent ID\`.` };
    case 'no_grant':
      return { rule: `Nothing is allowed that no grant names, and none names ${agent} for ${env} of ${tool}.`, todo: 'Add a grant file and have its approver agree to it.' };
    case 'action_not_granted':
      return { rule: `${grant} covers none of the actions asked for.`, todo: `Ask for an action that ${grant} names, or propose a grant for this one.` };
    case 'grant_expired':
      return { rule: `${grant} is over.`, todo: 'If it is still needed, ask its approver for a later `expires`.' };
    case 'outside_hours':
      return { rule: `${grant} holds in its working hours only.`, todo: 'Try again within them, or ask its approver to change `limits.hours`.' };
    case 'too_many_records':
      return { rule: `One call under ${grant} may not touch so many records.`, todo: 'Split the call, or ask its approver for a larger `limits.records`.' };
    case 'unsigned':
      return { rule: 'In production a grant is inert until its approver has signed it.', todo: 'Use an environment that is not production; this version cannot sign grants yet.' };
    case 'approval_required':
      return { rule: 'A risky action, and a write in production, needs a person\'s yes each time.', todo: 'A person has to do it by hand; this version cannot collect approvals yet.' };
    case 'not_your_environment':
      return { rule: `Credentials for ${env} of ${tool} go to its own server, or to one that its \`may_call\` lists.`, todo: 'Ask as that server, or add this one to `may_call`.' };
    case 'subject_expired':
      return { rule: 'A token never outlives the one that it was exchanged for, and that one is over.', todo: 'Have the agent present a fresh token.' };
    case 'exceeds_parent':
      return { rule: 'An exchange only narrows: no more actions, records or time than the token exchanged.', todo: 'Ask for less, or exchange the agent\'s identity instead.' };
    case 'stopped':
      return { rule: 'A stop holds, or came after the token.', todo: 'See `hallpass stops`; a person on call can lift it, and then a new token is needed.' };
    case 'session_closed':
      return { rule: 'A stop closed the session for this target until a person clears it.', todo: 'See `hallpass sessions`, and `hallpass sessions clear` once it is understood.' };
    case 'rate_limited':
      return { rule: 'The grant\'s calls for this stretch of time are used up.', todo: 'Wait for the time that `Retry-After` names, or ask its approver to raise `limits.calls`.' };
    case 'replayed':
      return { rule: 'An assertion works once.', todo: 'Make a new assertion, with a new `jti`, for each request.' };
    case 'client_authentication_failed':
      return { rule: 'Who asks must prove it with a key or an identity that the policy lists.', todo: 'Check the key file, the `aud` (the issuer), and the clock of the client.' };
    case 'subject_token_invalid':
      return { rule: 'The `subject_token` must prove an agent: its issuer listed, signed, in time, made for this broker.', todo: 'Check its `iss`, `sub`, `aud` and `exp` against agents.yaml and hallpass.yaml.' };
    case 'actor_token_invalid':
      return { rule: 'The `actor_token` must prove the server that asks.', todo: 'Check its `iss`, `sub`, `aud` and `exp`, or leave it out.' };
    case 'malformed_request':
      return { rule: 'The request is not one that the standards describe.', todo: 'Correct the parameter that the error names.' };
    default:
      return reason satisfies never;
  }
}
