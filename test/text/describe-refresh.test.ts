import { describe, expect, test } from '@jest/globals';
import type { RefreshedDestination } from '../../src/contract/refresh';
import { describeRefresh, describeRefreshed, needingAttention } from '../../src/text/describe-refresh';
import { describeInMarkdown } from '../../src/workflows/refresh/current-details';

const line = (
  destinationId: string,
  result: RefreshedDestination['result'],
  more: Partial<RefreshedDestination> = {},
): RefreshedDestination => ({ destinationId, result, ...more });

const said = (...destinations: RefreshedDestination[]) =>
  describeRefresh({ destinations, running: 0, toAsk: 0, left: 0 });

const LINES = [
  line('a', 'exported', { number: 4 }),
  line('b', 'exported', { number: 2 }),
  line('c', 'held', { number: 3 }),
  line('d', 'skipped', { skipped: 'removed' }),
  line('e', 'skipped', { skipped: 'not_configured' }),
  line('f', 'failed', { number: 8, failure: { code: 'CONSENT_TRIPWIRE', message: 'It was stopped.' } }),
];

describe('a refresh', () => {
  test('says in one line what is decided and what runs', () => {
    expect(describeRefresh({ destinations: LINES, running: 3, toAsk: 1_200, left: 2 })).toBe(
      '2 of 1,209 up to date: 2 exported; 1 held, 1 failed, 2 skipped, 3 running, 1,200 to go, 2 destinations left out: a refresh takes no more',
    );
    expect(describeRefresh({ destinations: [], running: 0, toAsk: 0, left: 0 })).toBe(
      'No destination matches. Nothing was exported.',
    );
  });

  test('says that all is well where nothing had to be sent', () => {
    const same = line('a', 'unchanged', { number: 4 });
    const skipped = line('b', 'skipped', { skipped: 'source_unchanged' });
    expect(said(same)).toBe('Up to date: 1 with nothing to send');
    expect(said(same, skipped)).toBe('All 2 up to date: 2 with nothing to send');
    expect(said(same, skipped, line('c', 'exported'))).toBe(
      'All 3 up to date: 1 exported, 2 with nothing to send',
    );
    expect(said(same, line('c', 'failed'))).toBe('1 of 2 up to date: 1 with nothing to send; 1 failed');
  });

  test('names those that need a person, the worst first, with what to do', () => {
    expect(needingAttention(LINES).map((one) => `${one.destinationId}: ${describeRefreshed(one)}`)).toEqual([
      'f: failed (export 8): CONSENT_TRIPWIRE. It was stopped. See: temporal-mailchimp export show f',
      'c: held (export 3): its plan awaits approval. See: temporal-mailchimp export show c',
      'e: skipped: it has no data matching and no segments yet. Configure it: temporal-mailchimp destination configure e',
    ]);
  });

  test('shows at most eight lines in the Web UI, with commands as code', () => {
    const stopped = Array.from({ length: 11 }, (_, index) =>
      line(`d${index}`, 'stopped', {
        number: 1,
        failure: { code: 'KEY_INVALID', message: 'The <key> is refused.' },
      }),
    );
    const [headline, , first, ...others] = describeInMarkdown({
      destinations: stopped,
      open: [],
      toAsk: 0,
      left: 0,
      namespace: 'default',
    }).split('\n');
    expect(headline).toBe('**0 of 11 up to date; 11 stopped**');
    expect(first).toBe(
      '- **[d0](/namespaces/default/workflows/mailchimp%2Fd0)** ' +
        String.raw`stopped ([export 1](/namespaces/default/workflows/mailchimp%2Fd0%2Fexport)): KEY_INVALID. The \<key\> is refused. Then: ` +
        '`temporal-mailchimp export resume d0`',
    );
    expect(others).toHaveLength(7);
    expect(others.at(-1)).toBe('- and 4 more');
  });
});
