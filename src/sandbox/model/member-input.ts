import type { FieldError } from '../problem';
import type { JsonObject } from '../schema';
import type { MemberExtra, MemberStatus } from './member';
import { isIP } from 'node:net';
import { anyOf, isObject, mismatch, missing } from '../schema';
import { REQUEST_STATUSES } from './member';
import { isTimestamp } from './times';

/** One member of a request, checked against the schema. */
export interface MemberInput {
  readonly email: string | undefined;
  readonly status: MemberStatus | undefined;
  readonly statusIfNew: MemberStatus | undefined;
  readonly mergeFields: JsonObject | undefined;
  readonly tags: readonly string[] | undefined;
  readonly plainText: boolean | undefined;
  readonly extra: MemberExtra | undefined;
}

const STRINGS = [
  'email_type',
  'ip_opt',
  'ip_signup',
  'language',
  'timestamp_opt',
  'timestamp_signup',
] as const;

const EXTRAS = [
  'language',
  'vip',
  'location',
  'interests',
  'marketing_permissions',
  'ip_signup',
  'ip_opt',
  'timestamp_signup',
  'timestamp_opt',
];

export const KNOWN_MEMBER_FIELDS = new Set([
  'email_address',
  'status',
  'status_if_new',
  'merge_fields',
  'tags',
  'email_type',
  ...EXTRAS,
]);

/** Finds violations of the schema. `field` prefixes the names: '' or `members.item:7.`. */
export function schemaErrors(given: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const string = (name: string): void => {
    const value = given[name];
    if (value !== undefined && typeof value !== 'string')
      errors.push(mismatch(field + name, 'string', value));
  };
  string('email_address');
  checkStatus(given['status'], `${field}status`, errors);
  checkStatus(given['status_if_new'], `${field}status_if_new`, errors);
  for (const name of STRINGS) if (given[name] !== undefined) checkText(given[name], name, { field, errors });
  checkMergeFields(given['merge_fields'], `${field}merge_fields`, errors);
  checkTags(given['tags'], `${field}tags`, errors);
  const { interests, location, vip } = given as { interests?: unknown; location?: unknown; vip?: unknown };
  if (interests !== undefined && !isObject(interests))
    errors.push(mismatch(`${field}interests`, 'object', interests));
  if (location !== undefined && !isObject(location))
    errors.push(mismatch(`${field}location`, 'object', location));
  if (vip !== undefined && typeof vip !== 'boolean') errors.push(mismatch(`${field}vip`, 'boolean', vip));
  return errors;
}

/** A row of a batch subscribe: needs an address, and one of the two statuses. */
export function rowSchemaErrors(row: unknown, place: number, statusIfNew: boolean): FieldError[] {
  const item = `members.item:${place}`;
  if (!isObject(row)) return [mismatch(item, 'object', row)];
  const errors = schemaErrors(row, `${item}.`);
  if (row['email_address'] === undefined) errors.unshift(missing(item, 'email_address'));
  if (row['status'] === undefined && !(statusIfNew && row['status_if_new'] !== undefined))
    errors.push(anyOf(item));
  return errors;
}

function checkStatus(value: unknown, field: string, errors: FieldError[]): void {
  if (value === undefined) return;
  if (typeof value !== 'string') errors.push(mismatch(field, 'string', value));
  else if (!REQUEST_STATUSES.includes(value))
    errors.push({ field, message: `Value must be one of: ${REQUEST_STATUSES.join(', ')}  (not ${value})` });
}

function checkText(
  value: unknown,
  name: (typeof STRINGS)[number],
  into: { readonly field: string; readonly errors: FieldError[] },
): void {
  const field = into.field + name;
  if (typeof value !== 'string') into.errors.push(mismatch(field, 'string', value));
  else if (name === 'email_type' && value !== 'html' && value !== 'text' && value !== '')
    into.errors.push({ field, message: `Value must be one of: html, text  (not ${value})` });
  else if (name.startsWith('ip_') && value !== '' && isIP(value) === 0)
    into.errors.push({ field, message: 'Please enter a valid IP address' });
  else if (name.startsWith('timestamp_') && !isTimestamp(value)) into.errors.push(anyOf(field));
}

function checkMergeFields(value: unknown, field: string, errors: FieldError[]): void {
  if (value === undefined) return;
  if (!isObject(value)) {
    errors.push(mismatch(field, 'object', value));
    return;
  }
  for (const tag of Object.keys(value))
    if (value[tag] === null) errors.push(mismatch(`${field}.${tag}`, 'string', null));
}

function checkTags(value: unknown, field: string, errors: FieldError[]): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    errors.push(mismatch(field, 'array', value));
    return;
  }
  for (const [place, tag] of value.entries())
    if (typeof tag !== 'string') errors.push(mismatch(`${field}.item:${place}`, 'string', tag));
}

/** Requires that `schemaErrors` found no errors. */
export function memberInput(given: JsonObject): MemberInput {
  const email = given['email_address'] as string | undefined;
  const type = given['email_type'] as string | undefined;
  return {
    email: email?.trim(),
    status: given['status'] as MemberStatus | undefined,
    statusIfNew: given['status_if_new'] as MemberStatus | undefined,
    mergeFields: given['merge_fields'] as JsonObject | undefined,
    tags: given['tags'] as readonly string[] | undefined,
    plainText: type === undefined || type === '' ? undefined : type === 'text',
    extra: EXTRAS.some((name) => given[name] !== undefined) ? extraOf(given) : undefined,
  };
}

function extraOf(given: JsonObject): MemberExtra {
  const named = {
    language: given['language'],
    vip: given['vip'],
    location: given['location'],
    interests: given['interests'],
    marketingPermissions: permissionsOf(given['marketing_permissions']),
    ipSignup: given['ip_signup'],
    ipOpt: given['ip_opt'],
    timestampSignup: given['timestamp_signup'],
    timestampOpt: given['timestamp_opt'],
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function permissionsOf(value: unknown): MemberExtra['marketingPermissions'] {
  if (!Array.isArray(value)) return undefined;
  return value
    .filter(isObject)
    .map((one) => ({ id: String(one['marketing_permission_id']), enabled: one['enabled'] === true }));
}
