import type { ForgetCounts } from '../contract/forget';
import { count, countOf } from './format';

/** Why a forgotten person may come back to Mailchimp. Empty: nothing of earlier exports runs there any longer. */
export function describeOpenWrites({ openWrites }: Pick<ForgetCounts, 'openWrites'>): string {
  if (openWrites === 0) return '';
  const which = openWrites === 1 ? 'part of an earlier export' : 'parts of earlier exports';
  return `${count(openWrites)} ${which} may still be running at Mailchimp, and may send the person again: repeat the command when Mailchimp can be asked`;
}

/** What a job that forgot a person has removed. Names no one. */
export function describeForgotten({
  contacts,
  rows,
  files,
  isKeptOut,
  atMailchimp,
  openWrites,
}: ForgetCounts): [string, string][] {
  const open = describeOpenWrites({ openWrites });
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
    ['Later exports', isKeptOut ? 'keep the person out' : 'send the person again if the source has it'],
  ];
}
