import type { TemporalConfig } from '../../config/config';
import type { DestinationView } from '../../contract/destination-view';
import type { AtMailchimp } from '../../contract/forget';
import { describeGivenUp, describeOpenWrites } from '../../text/describe-forgotten';
import { countOf, listOf } from '../../text/format';
import type { ForgottenIn } from '../person/forget';

interface Choices {
  readonly mailchimp: AtMailchimp;
  readonly keepOut: boolean;
}

const FATE: Readonly<Record<AtMailchimp, string>> = {
  keep: 'the contact stays at Mailchimp as it is',
  untag: 'our tags are taken off the contact at Mailchimp',
  delete: 'the contact is permanently deleted at Mailchimp, which cannot be undone',
};

export function questionOf(
  named: string,
  { views, mailchimp, keepOut }: Choices & { readonly views: readonly DestinationView[] },
): string {
  const ids = listOf(views.map(({ destinationId }) => destinationId));
  const later = keepOut
    ? 'later exports keep the person out'
    : 'later exports send the person if the source has it';
  return `Forget ${named} in ${ids}? All rows of the person are removed from the store; ${FATE[mailchimp]}; ${later}.`;
}

export function describeForgottenIn({ destinationId, audience, forgotten, problem }: ForgottenIn): string {
  if (!forgotten) return `${destinationId}: not forgotten. ${problem?.code}: ${problem?.message}`;
  const { rows, files, contacts, atMailchimp } = forgotten;
  const removed =
    files === 0
      ? 'the store had nothing of the person'
      : `removed ${countOf(rows, 'row')} in ${countOf(files, 'file')}${contacts > 0 ? ', and the contact from the baseline' : ''}`;
  const there =
    atMailchimp > 0 ? `; ${countOf(atMailchimp, 'contact')} changed in the audience ${audience}` : '';
  const more = [describeOpenWrites(forgotten), describeGivenUp(forgotten.givenUp)].filter(
    (text) => text !== '',
  );
  return [`${destinationId}: ${removed}${there}.`, ...more.map((text) => `${text}.`)].join(' ');
}

const STAYS: Readonly<Record<AtMailchimp, string>> = {
  keep: 'the contact in the audience, with all that Mailchimp has of it and with our tags',
  untag: 'the contact in the audience, with all that Mailchimp has of it but our tags',
  delete: 'what Mailchimp keeps of deleted contacts, such as a hash of the address',
};

/** What no command removes. */
export function describeWhatStays(
  { mailchimp, keepOut }: Choices,
  forgotten: readonly ForgottenIn[],
): string {
  const isKeptOut = forgotten.some((one) => one.forgotten?.isKeptOut === true);
  return (
    `This stays: ${STAYS[mailchimp]}; the person in the source${isKeptOut ? ', whose rows later exports read and withhold' : ', which the next export sends again'}; ` +
    `and backups of the store.${isKeptOut ? ' The store keeps a keyed hash of the address, to keep the person out.' : ''}${keepOut && !isKeptOut ? NOT_KEPT_OUT : ''}`
  );
}

/** A person is kept out by the address. */
const NOT_KEPT_OUT =
  ' The person is not kept out of later exports: no row of these destinations has an address of theirs that could be sent. Repeat the command with the address.';

/** Where a command has looked for destinations. */
export interface LookedAt {
  readonly temporal: Pick<TemporalConfig, 'address' | 'namespace' | 'taskQueue'>;
  /** Where the staging store of the configuration is. Undefined: there is no configuration file. */
  readonly store: string | undefined;
  /** Names of those that were found; none of them has exported anything. */
  readonly found: readonly string[];
}

/** With a wrong server or task queue, the answer looks like that of one which has nothing of the person: so it says where it has looked. */
export function describeNothingToForget({ temporal, store, found }: LookedAt): string {
  const { address, namespace, taskQueue } = temporal;
  const where = `the task queue "${taskQueue}" in the namespace "${namespace}" of ${address}`;
  const what =
    found.length === 0
      ? `No destination was found for ${where}`
      : `${listOf(found)}, of ${where}, ${found.length === 1 ? 'has' : 'have'} exported nothing`;
  return (
    `${what}, so no one was forgotten. ` +
    `${store === undefined ? 'There is no configuration file' : `The configuration file has the staging store ${store}`}. ` +
    'If another server, task queue or configuration file may have destinations with the person, repeat the command with it.'
  );
}
