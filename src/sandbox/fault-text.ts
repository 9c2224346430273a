import type { BatchEffect, FaultEffect, FaultRule } from './faults';

const FORMS = `
  <status> [empty|html] | <status> after applying | reset [after applying|mid body] | omit <n> rows | hang|delay|trickle <n> ms|s
    | refuse connections <n> ms|s | delete audience <id>
    [once|twice|<n> times|always] [after <n>] [above <n> rows] [in batch|anywhere] on <METHOD> <path>
  stuck [started|finalizing] batch | vanished [started] batch | empty url | truncated result | missing result | doubled results
    | corrupt result | corrupt json result | null|swapped|shared operation ids | truncated download | expired url
    [once|twice|<n> times|always] [after <n>]`;

const BATCH_FAULTS: Readonly<Record<string, BatchEffect>> = {
  'stuck batch': { type: 'stuckBatch' },
  'stuck started batch': { type: 'stuckBatch', state: 'started' },
  'stuck finalizing batch': { type: 'stuckBatch', state: 'finalizing' },
  'vanished batch': { type: 'vanishedBatch' },
  'vanished started batch': { type: 'vanishedBatch', state: 'started' },
  'empty url': { type: 'emptyResultUrl' },
  'empty result url': { type: 'emptyResultUrl' },
  'corrupt result': { type: 'corruptResult', what: 'bytes' },
  'corrupt json result': { type: 'corruptResult', what: 'json' },
  'null operation ids': { type: 'wrongOperationIds', how: 'null' },
  'swapped operation ids': { type: 'wrongOperationIds', how: 'swapped' },
  'shared operation ids': { type: 'wrongOperationIds', how: 'shared' },
  'doubled results': { type: 'doubledResults' },
  'truncated result': { type: 'truncatedResult' },
  'missing result': { type: 'missingResults', count: 1 },
  'truncated download': { type: 'truncatedDownload' },
  'expired url': { type: 'expiredUrl' },
};

const TIMES = String.raw`(?:\s+(?<times>once|twice|always|\d+\s+times))?(?:\s+after\s+(?<after>\d+))?(?:\s+above\s+(?<above>\d+)\s+rows?)?(?:\s+(?<via>in\s+batch|anywhere))?`;
const ON = String.raw`(?:\s+on\s+(?<match>(?:[A-Z]+|\*)\s+/\S*))?`;
const RULE = new RegExp(`^(?<effect>.+?)${TIMES}${ON}$`);
const STATUS = /^(?<status>[345]\d\d)(?:\s+(?<kind>empty|html|after applying))?$/;
const WAIT = /^(?<type>hang|delay|trickle|refuse connections)\s+(?:for\s+)?(?<amount>\d+)\s*(?<unit>ms|s)$/;

const WAITS: Readonly<Record<string, 'hang' | 'delay' | 'trickle' | 'refuseConnections'>> = {
  hang: 'hang',
  delay: 'delay',
  trickle: 'trickle',
  'refuse connections': 'refuseConnections',
};

function timesOf(text: string | undefined): number | 'always' {
  if (text === undefined || text === 'once') return 1;
  if (text === 'twice') return 2;
  return text === 'always' ? 'always' : Number.parseInt(text, 10);
}

function statusEffect(status: number, kind: string | undefined): FaultEffect {
  if (kind === 'after applying') return { type: 'applyThenStatus', status };
  return kind === undefined
    ? { type: 'status', status }
    : { type: 'status', status, body: kind === 'html' ? 'html' : 'empty' };
}

function effectOf(text: string): FaultEffect | undefined {
  const batch = BATCH_FAULTS[text];
  if (batch) return batch;
  if (text === 'reset') return { type: 'reset' };
  if (text === 'reset after applying') return { type: 'applyThenReset' };
  if (text === 'reset mid body') return { type: 'resetMidBody' };
  const status = STATUS.exec(text)?.groups;
  if (status) return statusEffect(Number(status['status']), status['kind']);
  const omitted = /^omit (\d+) rows?$/.exec(text);
  if (omitted) return { type: 'omitRows', count: Number(omitted[1]) };
  const deleted = /^delete audience ([0-9a-z]+)$/.exec(text);
  if (deleted) return { type: 'deleteAudience', audience: deleted[1]! };
  const wait = WAIT.exec(text)?.groups;
  if (!wait) return undefined;
  const ms = Number(wait['amount']) * (wait['unit'] === 's' ? 1000 : 1);
  return { type: WAITS[wait['type']!]!, ms };
}

/**
 * Parses the short form of a fault, such as `429 twice on POST /lists/*` or `stuck batch`.
 * @throws Error that lists the valid forms
 */
export function parseFault(text: string): FaultRule {
  const groups = RULE.exec(text.trim().replaceAll(/\s+/g, ' '))?.groups;
  const effect = groups && effectOf(groups['effect']!);
  if (!groups || !effect) throw new Error(`not a fault: '${text}'. The valid forms are:${FORMS}`);
  const { match, after, above, via } = groups;
  const isRequest = Object.values(BATCH_FAULTS).every((one) => one.type !== effect.type);
  if (isRequest === (match === undefined))
    throw new Error(
      isRequest
        ? `the fault '${text}' has no target: add 'on <METHOD> <path>', such as 'on POST /lists/*'`
        : `the fault '${text}' applies to batches: remove 'on <METHOD> <path>'`,
    );
  return {
    ...(match === undefined ? {} : { match }),
    ...(via === undefined ? {} : { via: via === 'anywhere' ? ('any' as const) : ('batch' as const) }),
    times: timesOf(groups['times']),
    ...(after === undefined ? {} : { after: Number(after) }),
    ...(above === undefined ? {} : { moreThan: Number(above) }),
    effect,
  };
}
