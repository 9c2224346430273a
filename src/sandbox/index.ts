/**
 * A simulated Mailchimp, for tests and for trying things out.
 * @module temporal-mailchimp/sandbox
 */

// Public API: every name exported here is a promise.
export { startSandbox } from './sandbox';
export type { Sandbox } from './sandbox';
export type {
  AccountSeed,
  AudienceSeed,
  BatchState,
  MemberSeed,
  MergeFieldSeed,
  SandboxOptions,
  SandboxSettings,
} from './options';
export { DEFAULT_SWITCHES } from './switches';
export type { SandboxSwitches } from './switches';
export { DEFAULT_API_KEY } from './settings';
export { parseFault } from './fault-text';
export type { BatchEffect, FaultEffect, FaultRule, RequestEffect } from './faults';
export type { MemberStatus } from './model/member';
export type { MergeFieldOptions, MergeFieldType } from './model/merge-field';
export type { Act } from './model/act';
export type { Control } from './control/control';
export type { SettingsPatch } from './settings';
export type { AudienceState, MemberState, MemberStateFilter } from './control/report';
export type { RequestCount } from './counters';
