import { DEFAULT_SWITCHES, type FaultRule, type SandboxSwitches } from '../../src/sandbox';

/** The other end of each open question about the real Mailchimp. Those that an export depends on follow below. */
export const OTHER_ENDS: Readonly<Partial<SandboxSwitches>>[] = [
  { archivedStaysArchived: true },
  { archivedKeepsCompliance: true },
  { optedOutTakesUpdates: false },
  { transactionalOnOptedOut: 'take' },
  { transactionalOnOptedOut: 'refuse' },
  { complianceWording: 'isAlreadyMember' },
  { noContentCountsAsErrored: true },
  { noContentResponse: '{}' },
  { noContentResponse: '' },
  { emptyResultFile: false },
  { enumWording: 'acceptedValues' },
  { unchangedRowInReply: false },
  { tagsInReply: false },
  { addressEcho: 'sent' },
  { addressEcho: 'lower' },
  { quotedErrorAddress: true },
  { duplicateRows: 'lastWins' },
  { tagsOnPut: 'applied' },
  { tagsOnPut: 'ignored' },
  { segmentUnknownAddress: 'error' },
  { segmentRemoveUntagged: 'removed' },
  { segmentRemoveUntagged: 'error' },
  { archivedInSegments: false },
  { archivedInDefaultListing: true },
  { fieldsOnWrites: true },
  { unknownFieldsRefused: false },
  { roleAddressesRefused: true },
  { requiredCheckedOnUpdate: false },
  { batchOrder: 'submitted' },
  { batchListOrder: 'oldestFirst' },
  { schemaErrorsRefuseRequest: false },
];

/** Without what these take away no export is possible; the first few rows show it, and nothing else is sent. */
export const UNUSABLE: Readonly<Partial<SandboxSwitches>>[] = [
  { tagsOnBatch: 'ignored' },
  { tagsOnBatch: 'newOnly' },
  { statusIfNewOnBatch: 'refused' },
];

/** Each switch with where it stands, in words. */
export function endsOf(switches: Readonly<Partial<SandboxSwitches>>): string[] {
  return Object.entries(switches).map(([name, value]) => `${name}: ${String(value)}`);
}

/** Both ends, or all, of every switch that an export is possible with. */
export function allEnds(): string[] {
  const others = OTHER_ENDS.flatMap(endsOf);
  const names = new Set(Object.keys(Object.assign({}, ...OTHER_ENDS) as object));
  const defaults = Object.entries(DEFAULT_SWITCHES).filter(([name]) => names.has(name));
  return [...endsOf(Object.fromEntries(defaults)), ...others];
}

/** Faults that an export recovers from: its report and the audience are the same as without the fault. */
export const TROUBLES: Readonly<Record<string, FaultRule>> = {
  'a lost reply to POST /lists/*': { match: 'POST /lists/*', effect: { type: 'applyThenReset' } },
  'a 502 after POST /lists/* was applied': {
    match: 'POST /lists/*',
    effect: { type: 'applyThenStatus', status: 502 },
  },
  'a 502 after an operation of a batch was applied': {
    match: 'POST /lists/*',
    via: 'batch',
    effect: { type: 'applyThenStatus', status: 502 },
  },
  'a reply to POST /lists/* that breaks off': { match: 'POST /lists/*', effect: { type: 'resetMidBody' } },
  'a lost reply to the untagging': {
    match: 'POST /lists/*/segments/*',
    via: 'any',
    effect: { type: 'applyThenReset' },
  },
  'a 429': { match: 'POST /**', effect: { type: 'status', status: 429 } },
  'a 503': { match: '**', effect: { type: 'status', status: 503 } },
  'a lost reply to POST /batches': { match: 'POST /batches', effect: { type: 'applyThenReset' } },
  'a 502 after POST /batches was applied': {
    match: 'POST /batches',
    effect: { type: 'applyThenStatus', status: 502 },
  },
  'a POST /batches that never arrives': { match: 'POST /batches', effect: { type: 'reset' } },
  'a stuck batch': { effect: { type: 'stuckBatch' } },
  'a batch that is stuck when all is done': { effect: { type: 'stuckBatch', state: 'finalizing' } },
  'results without an address': { effect: { type: 'emptyResultUrl' } },
  'truncated results': { effect: { type: 'truncatedResult' } },
  'results that lack an operation': { effect: { type: 'missingResults', count: 1 } },
  'results whose bytes are damaged': { effect: { type: 'corruptResult', what: 'bytes' } },
  'results that are not JSON': { effect: { type: 'corruptResult', what: 'json' } },
  'results without operation ids': { effect: { type: 'wrongOperationIds', how: 'null' } },
  'results with swapped operation ids': { effect: { type: 'wrongOperationIds', how: 'swapped' } },
  'results that share operation ids': { effect: { type: 'wrongOperationIds', how: 'shared' } },
  'results that are listed twice': { effect: { type: 'doubledResults' } },
  'a batch that cannot be found, but runs': { effect: { type: 'vanishedBatch' } },
  'a batch that cannot be found once it has started': { effect: { type: 'vanishedBatch', state: 'started' } },
  'connections that are refused': { match: 'POST /**', effect: { type: 'refuseConnections', ms: 200 } },
  'a reply that trickles': { match: '**', effect: { type: 'trickle', ms: 300 } },
  'a truncated download': { effect: { type: 'truncatedDownload' } },
  'an expired address of results': { effect: { type: 'expiredUrl' } },
  'rows in no list of the reply': {
    match: 'POST /lists/*',
    via: 'any',
    effect: { type: 'omitRows', count: 2 },
  },
};
