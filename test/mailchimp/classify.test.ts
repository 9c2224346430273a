import { expect, test } from '@jest/globals';
import { classifyRowError } from '../../src/mailchimp/classify';

const X = 'ada@shop.test';

test.each([
  ['Please provide a valid email address.', 'rejected', 'address_invalid'],
  ['Blank email address', 'rejected', 'address_blank'],
  [`${X} looks fake or invalid, please enter a real email address.`, 'rejected', 'fake'],
  [
    `${X} has signed up to a lot of lists very recently; we're not allowing more signups for now`,
    'throttled',
    'too_many_signups',
  ],
  ['Recipient "" has too many recent signup requests', 'throttled', 'too_many_signups'],
  [
    `${X} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
    'suppressed',
    'compliance',
  ],
  [
    `${X} is already a list member in compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
    'suppressed',
    'compliance',
  ],
  [
    `${X} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.`,
    'suppressed',
    'forgotten',
  ],
  [
    `This member's status is "cleaned." You can only update email addresses for members with a status of "subscribed."`,
    'suppressed',
    'cleaned',
  ],
  ["This member's status is cleaned.", 'suppressed', 'cleaned'],
  ['Your merge fields were invalid.', 'rejected', 'merge_field'],
  ['Your merge field was invalid.', 'rejected', 'merge_field'],
  ['Value must be one of: S, M  (not XL)', 'rejected', 'merge_field'],
  [`${X} is already a list member. Use PUT to insert or update list members.`, 'rejected', 'exists'],
  [
    `${X} is already a list member, do you want to update? please provide update_existing:true in the request body`,
    'rejected',
    'exists',
  ],
  [
    "The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
    'rejected',
    'schema',
  ],
  ['Schema describes string, NULL found instead', 'rejected', 'schema'],
  ['already subscribed to another contact', 'rejected', 'sms'],
  ['Your plan allows 500 contacts. Upgrade to add more.', 'rejected', 'plan_limit'],
  ['An unknown sentence', 'rejected', 'unknown'],
  ['', 'rejected', 'unknown'],
])('%j is %s: %s', (text, result, name) => {
  expect(classifyRowError(text)).toEqual({ result, class: name });
});

test('the error code is used where the text is unknown', () => {
  expect(classifyRowError('?', 'ERROR_CONTACT_EXISTS')).toEqual({ result: 'rejected', class: 'exists' });
  expect(classifyRowError('?', 'ERROR_GENERIC')).toEqual({ result: 'rejected', class: 'unknown' });
});

test.each([
  'Your merge fields were invalid. PLAN: Please enter a number',
  'The tag "Premium plan" is too long',
  'ada@health-plan.org could not be added',
  'Please upgrade your browser',
])('a text that only mentions a plan says nothing of a contact limit: %s', (text) => {
  expect(classifyRowError(text).class).not.toBe('plan_limit');
});
