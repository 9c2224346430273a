import { z } from 'zod';
import type { Member, MemberComparison, SentMember } from '../ports/mailchimp';
import type { UpsertRow } from '../contract/plan';
import type { Connection } from './connection';
import { readMember } from './read-member';
import { tagKey } from '../contract/tag-name';

/** Reads one member and returns how it differs from what was sent; undefined when the audience has no member with this address. */
export async function compareMember(
  connection: Connection,
  audienceId: string,
  sent: SentMember,
): Promise<MemberComparison | undefined> {
  const member = await readMember(connection, audienceId, sent.email);
  return member && compare(member, sent);
}

/** The same with the ids of the tags that the member carries. */
export async function inspectMember(
  connection: Connection,
  audienceId: string,
  sent: SentMember,
): Promise<(MemberComparison & { readonly carried: readonly number[] }) | undefined> {
  const member = await readMember(connection, audienceId, sent.email);
  return member && { ...compare(member, sent), carried: member.tags.map(({ id }) => id) };
}

function compare(member: Member, sent: SentMember): MemberComparison {
  const carried = new Set(member.tags.map(({ name }) => tagKey(name)));
  return {
    status: member.status,
    fields: sent.row ? differingFields(sent.row, member) : [],
    tags: [...missingTags(sent.row, carried), ...remainingTag(sent.untagged, carried)],
    others: differingOthers(readMore(sent.row), member),
    evidence: differingEvidence(readMore(sent.row), member),
  };
}

function differingFields({ fields }: UpsertRow, { fields: found }: Member): string[] {
  const sent = JSON.parse(fields) as Readonly<Record<string, string | number | Address>>;
  return Object.entries(sent).flatMap(([tag, value]) => (isSame(value, found[tag]) ? [] : [tag]));
}

type Address = Readonly<Record<string, string>>;

const MoreSchema = z.object({
  interests: z.record(z.string(), z.boolean()).default({}),
  language: z.string().optional(),
  ip_signup: z.string().optional(),
  timestamp_signup: z.string().optional(),
});

type More = z.infer<typeof MoreSchema>;

function readMore(row: UpsertRow | undefined): More {
  return MoreSchema.parse(row?.more === undefined ? {} : JSON.parse(row.more));
}

function differingOthers({ interests, language }: More, found: Member): string[] {
  return [
    ...Object.entries(interests).flatMap(([id, isIn]) => (found.groups[id] === isIn ? [] : [`group ${id}`])),
    ...(language === undefined || isSame(language, found.language) ? [] : ['language']),
  ];
}

function differingEvidence({ ip_signup: ip, timestamp_signup: at }: More, found: Member): string[] {
  return [
    ...(ip === undefined || ip.toLowerCase() === found.signup.ip.toLowerCase() ? [] : ['ip_signup']),
    ...(at === undefined || Date.parse(at) === Date.parse(found.signup.at) ? [] : ['timestamp_signup']),
  ];
}

function missingTags(row: UpsertRow | undefined, carried: ReadonlySet<string>): string[] {
  const sent = row ? (JSON.parse(row.tags) as readonly string[]) : [];
  return sent.filter((name) => !carried.has(tagKey(name)));
}

function remainingTag(name: string | undefined, carried: ReadonlySet<string>): string[] {
  return name !== undefined && carried.has(tagKey(name)) ? [name] : [];
}

const FORMATTED = /[\s().+/-]/g;

/** Mailchimp trims texts and formats telephone numbers. */
function isSame(sent: string | number | Address, found: unknown): boolean {
  if (typeof sent === 'object') return isSameAddress(sent, found);
  if (typeof sent === 'number') return Number(found) === sent;
  const text = typeof found === 'string' || typeof found === 'number' ? String(found) : '';
  const [one, other] = [sent, text].map((value) => value.trim().normalize('NFC')) as [string, string];
  return (
    one === other || (isNumeric(one) && one.replaceAll(FORMATTED, '') === other.replaceAll(FORMATTED, ''))
  );
}

/** Mailchimp may write the country as a code. */
function isSameAddress(sent: Address, found: unknown): boolean {
  const parts =
    typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>) : {};
  return Object.entries(sent).every(([part, value]) => part === 'country' || isSame(value, parts[part]));
}

function isNumeric(text: string): boolean {
  return /\d/.test(text) && !/\p{L}/u.test(text);
}
