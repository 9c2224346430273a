import {
  defineSearchAttributeKey,
  TypedSearchAttributes,
  type SearchAttributePair,
} from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';

const DESTINATION = defineSearchAttributeKey('MailchimpDestination', 'KEYWORD');
const AUDIENCE = defineSearchAttributeKey('MailchimpAudience', 'KEYWORD');
const KIND = defineSearchAttributeKey('MailchimpKind', 'KEYWORD');
const STATE = defineSearchAttributeKey('MailchimpState', 'KEYWORD');
const NUMBER = defineSearchAttributeKey('MailchimpNumber', 'INT');

export interface Attributes {
  readonly destinationId: string;
  readonly audienceId: string;
  readonly kind: string;
  readonly state: string;
  /** Of an export or a plan. */
  readonly number?: number;
}

function pairsOf({ destinationId, audienceId, kind, state, number }: Attributes): SearchAttributePair[] {
  return [
    { key: DESTINATION, value: destinationId },
    { key: AUDIENCE, value: audienceId },
    { key: KIND, value: kind },
    { key: STATE, value: state },
    ...(number === undefined ? [] : [{ key: NUMBER, value: number }]),
  ];
}

/** For the start of a child, which costs no event. */
export function attributesOf(attributes: Attributes): TypedSearchAttributes {
  return new TypedSearchAttributes(pairsOf(attributes));
}

/** Whether the workflow was started with attributes, or has set them since, in this run or in an earlier one. */
export function hasAttributes(): boolean {
  return workflowInfo().typedSearchAttributes.get(DESTINATION) !== undefined;
}

/** Sets what differs: one event, or none. To be called only where the namespace is known to have the attributes. */
export function setAttributes(attributes: Attributes): void {
  const now = workflowInfo().typedSearchAttributes;
  const changed = pairsOf(attributes).filter(({ key, value }) => now.get(key) !== value);
  if (changed.length > 0) upsertSearchAttributes(changed);
}
