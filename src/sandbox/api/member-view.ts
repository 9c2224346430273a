import type { Audience } from '../model/audience';
import type { Member, MemberExtra } from '../model/member';
import type { Exchange } from './call';
import { isoTime } from '../model/times';
import { memberLinks } from './links';

const MAX_TAGS = 50;

export interface MemberViewer {
  readonly audience: Audience;
  readonly dc: string;
  readonly lean: boolean;
  readonly tags: boolean;
  readonly links: boolean;
  readonly echo: 'stored' | 'sent' | 'lower';
}

export function memberViewer(exchange: Exchange, audience: Audience): MemberViewer {
  const { replies, switches } = exchange.world.settings;
  const { fields } = exchange.query;
  return {
    audience,
    dc: exchange.account.dc,
    lean: replies === 'lean',
    // Reads always return them; only writes are an open question.
    tags: switches.tagsInReply || exchange.body === undefined,
    // A page of a census requests three fields of a thousand members: to create their links would be most of the work.
    links: replies === 'full' && (fields === undefined || fields.includes('_links')),
    echo: switches.addressEcho,
  };
}

function address(viewer: MemberViewer, member: Member, sent: string | undefined): string {
  if (viewer.echo === 'lower') return member.email.toLowerCase();
  return viewer.echo === 'sent' ? (sent?.trim() ?? member.email) : member.email;
}

function mergeFields(audience: Audience, member: Member): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const field of audience.fieldsByTag) result[field.tag] = member.values[field.slot] ?? '';
  return result;
}

let listed = 0;

/** In another order each time, as the real service returns them. */
function tagList(audience: Audience, member: Member): { id: number; name: string }[] {
  const all = member.tags.ids;
  const first = all.length < 2 ? 0 : listed++ % all.length;
  const turned = first === 0 ? all : [...all.slice(first), ...all.slice(0, first)];
  const ids = turned.length > MAX_TAGS ? turned.slice(0, MAX_TAGS) : turned;
  return ids.map((id) => ({ id, name: audience.segments.get(id)!.name }));
}

/** A member in the form of replies. `sent` is the address of the request, for `addressEcho: 'sent'`. */
export function memberView(viewer: MemberViewer, member: Member, sent?: string): object {
  return viewer.lean ? leanView(viewer, member, sent) : fullView(viewer, member, sent);
}

// Plain literals here and below: spreading small objects would take more time than the rest of a row.
function leanView(viewer: MemberViewer, member: Member, sent: string | undefined): object {
  const { audience } = viewer;
  return {
    id: member.key,
    email_address: address(viewer, member, sent),
    unique_email_id: member.key.slice(11, 21),
    contact_id: audience.contactId(member),
    status: member.status,
    merge_fields: mergeFields(audience, member),
    interests: interests(audience, member.extra),
    language: member.extra?.language ?? '',
    ip_signup: member.extra?.ipSignup ?? '',
    timestamp_signup: signupTime(member.extra),
    last_changed: isoTime(member.lastChanged),
    tags_count: viewer.tags ? member.tags.ids.length : undefined,
    tags: viewer.tags ? tagList(audience, member) : undefined,
  };
}

function fullView(viewer: MemberViewer, member: Member, sent: string | undefined): object {
  const { audience } = viewer;
  const { extra, status } = member;
  const values = mergeFields(audience, member);
  const listId = audience.profile.id;
  return {
    id: member.key,
    email_address: address(viewer, member, sent),
    unique_email_id: member.key.slice(11, 21),
    contact_id: audience.contactId(member),
    full_name: fullName(values),
    web_id: member.webId,
    email_type: member.plainText ? 'text' : 'html',
    status,
    unsubscribe_reason: status === 'unsubscribed' ? unsubscribeReason(member) : undefined,
    consents_to_one_to_one_messaging: true,
    merge_fields: values,
    interests: interests(audience, extra),
    stats: { avg_open_rate: 0, avg_click_rate: 0 },
    ip_signup: extra?.ipSignup ?? '',
    timestamp_signup: signupTime(extra),
    // Mailchimp fills it with the caller's address when none was sent.
    ip_opt: extra?.ipOpt ?? '127.0.0.1',
    timestamp_opt: extra?.timestampOpt || (member.optedInAt > 0 ? isoTime(member.optedInAt) : ''),
    member_rating: 2,
    last_changed: isoTime(member.lastChanged),
    language: extra?.language ?? '',
    vip: extra?.vip ?? false,
    email_client: '',
    location: locationView(extra?.location),
    marketing_permissions: audience.profile.marketingPermissions ? permissions(audience, member) : undefined,
    source: 'API - Generic',
    tags_count: viewer.tags ? member.tags.ids.length : undefined,
    tags: viewer.tags ? tagList(audience, member) : undefined,
    list_id: listId,
    _links: viewer.links ? memberLinks(viewer.dc, listId, member.key) : undefined,
  };
}

/** All groups of the audience; nothing where it has none. */
function interests(audience: Audience, extra: MemberExtra | undefined): object | undefined {
  const ids = audience.interestIds;
  if (ids.length === 0) return undefined;
  const given = extra?.interests ?? {};
  return Object.fromEntries(ids.map((id) => [id, given[id] ?? false]));
}

/** In Mailchimp's form, whatever form it was sent in. */
function signupTime(extra: MemberExtra | undefined): string {
  const sent = extra?.timestampSignup ?? '';
  if (sent === '') return '';
  const zoned = sent.includes('T') ? sent : `${sent.replace(' ', 'T')}Z`;
  return isoTime(Math.floor(Date.parse(zoned) / 1000));
}

const unsubscribeReason = (member: Member): string =>
  member.locked ? 'N/A (Unsubscribed by contact)' : 'N/A (Unsubscribed by admin)';

function fullName(mergeFields: Readonly<Record<string, unknown>>): string {
  return [mergeFields['FNAME'], mergeFields['LNAME']]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}

function locationView(given: { readonly latitude: number; readonly longitude: number } | undefined): object {
  const { latitude, longitude } = { latitude: 0, longitude: 0, ...given };
  return { latitude, longitude, gmtoff: 0, dstoff: 0, country_code: '', timezone: '', region: '' };
}

const PERMISSIONS = ['Email', 'Direct Mail', 'Customized Online Advertising'];

function permissions(audience: Audience, member: Member): object[] {
  const given = member.extra?.marketingPermissions ?? [];
  return PERMISSIONS.map((text, place) => {
    const marketing_permission_id = audience.profile.id.slice(0, 9) + place;
    const enabled = given.some((one) => one.id === marketing_permission_id && one.enabled);
    return { marketing_permission_id, text, enabled };
  });
}
