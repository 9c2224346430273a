import type { Query } from './call';
import { invalidResource, Problem } from '../problem';

interface Tree {
  [name: string]: Tree;
}

function treeOf(list: string): Tree {
  const root: Tree = {};
  for (const path of list.split(',').map((part) => part.trim())) {
    let node: Tree = root;
    for (const name of path.split('.')) node = node[name] ??= {};
  }
  return root;
}

const isLeaf = (tree: Tree): boolean => Object.keys(tree).length === 0;

function pick(value: unknown, tree: Tree): unknown {
  if (isLeaf(tree)) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, tree));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const below = tree[name];
    if (below) result[name] = pick(inner, below);
  }
  return result;
}

function omit(value: unknown, tree: Tree): unknown {
  if (Array.isArray(value)) return value.map((item) => omit(item, tree));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const below = tree[name];
    if (!below) result[name] = inner;
    else if (!isLeaf(below)) result[name] = omit(inner, below);
  }
  return result;
}

// All names that replies use: a lean reply lacks some valid names.
const KNOWN = new Set(
  (
    'members lists segments tags merge_fields batches constraints total_items list_id _links id name web_id contact_id ' +
    'email_address unique_email_id full_name email_type status unsubscribe_reason consents_to_one_to_one_messaging ' +
    'interests stats ip_signup timestamp_signup ip_opt timestamp_opt member_rating last_changed language vip ' +
    'email_client location marketing_permissions source tags_count last_note date_added merge_id tag type required ' +
    'default_value public display_order options help_text member_count created_at updated_at double_optin ' +
    'email_type_option date_created list_rating visibility has_welcome contact permission_reminder campaign_defaults ' +
    'use_archive_bar notify_on_subscribe notify_on_unsubscribe subscribe_url_short subscribe_url_long beamer_address ' +
    'modules total_operations finished_operations errored_operations submitted_at completed_at response_body_url ' +
    'new_members updated_members errors total_created total_updated error_count members_added members_removed ' +
    'total_added total_removed account_id login_id account_name email username role pro_enabled last_login ' +
    'member_since pricing_plan_type first_payment account_timezone account_industry total_subscribers industry_stats ' +
    'first_name last_name avatar_url health_status categories title category_id subscriber_count'
  ).split(' '),
);

const FREE_BELOW = new Set(['merge_fields', 'interests', 'stats', 'location', 'options', 'errors', '_links']);

/** The first name in the tree that no reply has. */
function unknownName(tree: Tree): string | undefined {
  for (const [name, below] of Object.entries(tree)) {
    if (!KNOWN.has(name)) return name;
    const inner = FREE_BELOW.has(name) ? undefined : unknownName(below);
    if (inner !== undefined) return `${name}.${inner}`;
  }
  return undefined;
}

/** Applies `fields` or `exclude_fields`. @throws Problem 400 for both together, or for an unknown name when the switch refuses it */
export function filterFields(body: object, query: Query, unknownRefused: boolean): unknown {
  const { fields, exclude_fields: excluded } = query as { fields?: string; exclude_fields?: string };
  if (fields && excluded)
    throw new Problem(invalidResource('The fields and exclude_fields parameters are mutually exclusive.'));
  const list = fields || excluded;
  if (!list) return body;
  const tree = treeOf(list);
  const stranger = unknownRefused ? unknownName(tree) : undefined;
  if (stranger !== undefined)
    throw new Problem(invalidResource(`The field "${stranger}" is not part of this resource.`));
  return fields ? pick(body, tree) : omit(body, tree);
}
