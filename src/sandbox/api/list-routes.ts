import type { Account } from '../model/account';
import type { Audience } from '../model/audience';
import type { World } from '../world';
import type { Exchange, Route } from './call';
import { deleteAudience } from '../model/account';
import { isoTime } from '../model/times';
import { audienceOf, NO_CONTENT, queryFlag } from './call';
import { batchSubscribe } from './batch-subscribe';
import { resourceLinks } from './links';
import { pageOf, slice } from './paging';

interface Stats {
  readonly takenAt: number;
  readonly memberCount: number;
  readonly totalContacts: number;
  readonly unsubscribed: number;
  readonly cleaned: number;
}

// The real service caches these numbers for five minutes, so they cannot verify an export.
const cache = new WeakMap<Audience, Stats>();

function statsOf(world: World, audience: Audience): Stats {
  const known = cache.get(audience);
  const now = world.now();
  if (known && now - known.takenAt < world.settings.statsCacheMs) return known;
  const { byStatus } = audience;
  const fresh: Stats = {
    takenAt: now,
    memberCount: byStatus.subscribed,
    totalContacts: byStatus.subscribed + byStatus.unsubscribed + byStatus.transactional + byStatus.pending,
    unsubscribed: byStatus.unsubscribed,
    cleaned: byStatus.cleaned,
  };
  cache.set(audience, fresh);
  return fresh;
}

const CONTACT = {
  company: 'Sandbox',
  address1: '1 Loopback Street',
  address2: '',
  city: 'Localhost',
  state: '',
  zip: '00000',
  country: 'US',
  phone: '',
};

const CAMPAIGN_DEFAULTS = {
  from_name: 'Sandbox',
  from_email: 'sandbox@sandbox.invalid',
  subject: '',
  language: 'en',
};

function statsView(exchange: Exchange, audience: Audience): object {
  const stats = statsOf(exchange.world, audience);
  return {
    member_count: stats.memberCount,
    ...(queryFlag(exchange.query['include_total_contacts']) ? { total_contacts: stats.totalContacts } : {}),
    unsubscribe_count: stats.unsubscribed,
    cleaned_count: stats.cleaned,
    member_count_since_send: stats.memberCount,
    unsubscribe_count_since_send: 0,
    cleaned_count_since_send: 0,
    campaign_count: 0,
    campaign_last_sent: '',
    merge_field_count: audience.mergeFields.length,
    avg_sub_rate: 0,
    avg_unsub_rate: 0,
    target_sub_rate: 0,
    open_rate: 0,
    click_rate: 0,
    last_sub_date: '',
    last_unsub_date: '',
  };
}

function listView(exchange: Exchange, audience: Audience): object {
  const { profile } = audience;
  return {
    id: profile.id,
    web_id: profile.webId,
    name: profile.name,
    contact: CONTACT,
    permission_reminder: 'You are part of a test.',
    use_archive_bar: true,
    campaign_defaults: CAMPAIGN_DEFAULTS,
    notify_on_subscribe: '',
    notify_on_unsubscribe: '',
    date_created: isoTime(profile.createdAt),
    list_rating: 0,
    email_type_option: profile.emailTypeOption,
    subscribe_url_short: '',
    subscribe_url_long: '',
    beamer_address: '',
    visibility: 'prv',
    double_optin: profile.doubleOptin,
    has_welcome: false,
    marketing_permissions: profile.marketingPermissions,
    modules: [],
    stats: statsView(exchange, audience),
    ...(exchange.world.settings.replies === 'full'
      ? { _links: resourceLinks(exchange.account.dc, `/lists/${profile.id}`, 'Lists') }
      : {}),
  };
}

function allLists(exchange: Exchange): object {
  const { account, query } = exchange;
  const address = query['email'];
  const lists = [...account.audiences.values()].filter(
    (audience) => address === undefined || audience.byAddress(address) !== undefined,
  );
  return {
    lists: slice(lists, pageOf(query)).map((audience) => listView(exchange, audience)),
    total_items: lists.length,
    constraints: { may_create: false, max_instances: -1, current_total_instances: account.audiences.size },
    _links: resourceLinks(account.dc, '/lists', 'Lists'),
  };
}

function deleteList(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  deleteAudience(exchange.account, audience.profile.id);
  return NO_CONTENT;
}

function totalSubscribers(world: World, account: Account): number {
  let total = 0;
  for (const audience of account.audiences.values()) total += statsOf(world, audience).memberCount;
  return total;
}

function root({ world, account }: Exchange): object {
  return {
    account_id: account.id,
    login_id: account.id.slice(0, 8),
    account_name: account.name,
    email: 'sandbox@sandbox.invalid',
    first_name: 'Sand',
    last_name: 'Box',
    username: 'sandbox',
    avatar_url: '',
    role: world.settings.switches.role,
    member_since: '2020-01-01T00:00:00+00:00',
    pricing_plan_type: 'monthly',
    first_payment: '',
    account_timezone: 'UTC',
    account_industry: '',
    contact: CONTACT,
    pro_enabled: world.settings.switches.premium,
    last_login: isoTime(world.seconds()),
    total_subscribers: totalSubscribers(world, account),
    industry_stats: { open_rate: 0, bounce_rate: 0, click_rate: 0 },
    _links: resourceLinks(account.dc, '/', 'Root'),
  };
}

export const listRoutes: readonly Route[] = [
  { method: 'GET', template: '/', handle: root },
  { method: 'GET', template: '/ping', handle: () => ({ health_status: "Everything's Chimpy!" }) },
  { method: 'GET', template: '/lists', handle: allLists },
  {
    method: 'GET',
    template: '/lists/{list_id}',
    handle: (exchange) => listView(exchange, audienceOf(exchange)),
  },
  { method: 'POST', template: '/lists/{list_id}', handle: batchSubscribe },
  { method: 'DELETE', template: '/lists/{list_id}', handle: deleteList },
];
