/** `hallpass/guard`: what an MCP server needs to let in only calls that the broker allowed. */
export { BrokerUnavailableError } from './broker.ts';
export type { Refusal, ResourceMetadata } from './challenge.ts';
export { type AuthInfo, createGuard, type Guard, type GuardDecision, type GuardedRequest, type GuardOptions } from './guard.ts';
export { type GuardSettings, GuardSettingsError } from './settings.ts';
