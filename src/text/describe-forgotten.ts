import type { ForgetCounts } from '../contract/forget';
import { count, countOf } from './format';

/** Why a forgotten person may come back to Mailchimp. Empty: nothing of earlier exports runs there any longer. */
export function describeOpenWrites({ openWrites }: Pick<ForgetCounts, 'openWrites'>): string {
  if (openWrites === 0) return '';
  const which = openWrites === 1 ? 'part of an earlier export' : 'parts of earlier exports';
  return `${count(openWrites)} ${which} may still be running at Mailchimp, and may send the person again: repeat the command when Mailchimp can be asked`;
}

/** What is not known of earlier exports. Empty: nothing was given up. */
export function describeGivenUp(givenUp = 0): string {
  if (givenUp === 0) return '';
  const rows = givenUp === 1 ? 'was never settled, and its rows' : 'were never settled, and their rows';
  return `${countOf(givenUp, 'earlier export')} ${rows} are gone from the store: what was sent is not known, and contacts may carry tags that no later export takes off`;
}

/** What a job that forgot a person has removed. Names no one. */
export function describeForgotten({
  contacts,
  rows,
  files,
  isKeptOut,
  atMailchimp,
  openWrites,
  givenUp,
}: ForgetCounts): [string, string][] {
  const open = describeOpenWrites({ openWrites });
  const lost = describeGivenUp(givenUp);
  return [
    [
      'Removed',
      `${countOf(rows, 'row')} in ${countOf(files, 'file')}, ${countOf(contacts, 'contact')} of the baseline`,
    ],
    [
      'At Mailchimp',
      atMailchimp === 0 ? 'nothing was changed' : `${countOf(atMailchimp, 'contact')} changed`,
    ],
    ...(open === '' ? [] : [['Still running', open] as [string, string]]),
    ...(lost === '' ? [] : [['Not known', lost] as [string, string]]),
    ['Later exports', isKeptOut ? 'keep the person out' : 'send the person again if the source has it'],
  ];
}
