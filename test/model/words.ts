import type { Case } from './arbitrary';
import type { Order, ProfileChange, Step } from './steps';

/** Describes a case in a failure message. */
export function inWords({ people, steps, ...rest }: Case): string {
  const persons = people.map(({ kind, dirt, values, segments, member }, index) => {
    const there = member
      ? `${member.status} with ${list(member.tags)}, ${list(Object.values(member.values))}`
      : 'no member';
    return `  ${index}: ${kind}, address ${dirt}; ${list(Object.values(values))}; in ${list(segments)}; at Mailchimp: ${there}`;
  });
  return [
    JSON.stringify(rest),
    ...persons,
    ...steps.map((step, index) => `  step ${index + 1}: ${stepInWords(step)}`),
  ].join('\n');
}

function stepInWords(step: Step): string {
  switch (step.do) {
    case 'export':
      return `export${orderInWords(step.order)}`;
    case 'profiles':
      return step.changes
        .map(({ person, change }) => `profile ${person} becomes ${changeInWords(change)}`)
        .join('; ');
    case 'act':
      return `at Mailchimp, person ${step.person}: ${step.action}${step.action.endsWith('tag') ? ` ${step.tag}` : ''}`;
    case 'remove':
      return 'the destination is removed, with what it exported kept, and connected again';
    case 'verify':
      return `a verification${step.repair ? ', with a repair' : ''}`;
    case 'forget':
      return `person ${step.person} is forgotten, by ${step.by}; at Mailchimp: ${step.mailchimp}${step.keepOut ? ', and kept out' : ''}`;
    case 'suppress':
      return `the ${step.kind} of person ${step.person} is put on the suppression list of the ${step.list}`;
    case 'lift':
      return `the ${step.kind} of person ${step.person} is taken off the suppression list of the ${step.list}`;
    case 'lift all':
      return `the suppression list of the ${step.list} is emptied`;
    case 'wait':
      return `${step.minutes} minutes pass`;
    case 'toggle segment':
      return `segment ${step.segment} is added to the configuration, or removed`;
    case 'choose leavers':
      return `those who leave: ${step.leavers}`;
    default:
      return 'the field AGE is added to the configuration, or removed';
  }
}

function orderInWords({
  census,
  retryRefused,
  allowMassRemoval,
  answer,
  limit,
  trouble,
  lane,
  cancelled,
  removal,
  undo,
  isRepeated,
  allowAfterUndo,
}: Order): string {
  return [
    undo === undefined ? '' : ` that takes back the last one but ${undo}${isRepeated ? ', twice' : ''}`,
    allowAfterUndo ? ', also after an undo' : '',
    removal === undefined ? '' : `, of nothing, before a removal: ${removal}`,
    allowMassRemoval ? '' : `, guarded and ${answer}`,
    limit === undefined ? '' : `, of ${limit} at most`,
    `, ${lane} lane`,
    census ? ', with a census' : '',
    retryRefused ? ', with what was refused' : '',
    trouble === undefined ? '' : `, with ${trouble}`,
    cancelled === undefined ? '' : `, cancelled ${cancelled}`,
  ].join('');
}

function changeInWords(change: ProfileChange): string {
  const { to } = change;
  if (to === 'values') return list(Object.values(change.values));
  if (to === 'segments') return `a member of ${list(change.segments)}`;
  if (to === 'text') return `one with an address ${change.dirt}`;
  if (to === 'address') return `one with a new address, ${change.dirt}`;
  return to === 'gone' ? to : `${to} profile ${change.other}`;
}

function list(items: readonly (string | undefined)[]): string {
  return items.length === 0
    ? 'none'
    : items.map((item) => (item === '' ? '(empty)' : (item ?? '(does not fit)'))).join(', ');
}
