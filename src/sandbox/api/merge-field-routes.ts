import type { Audience } from '../model/audience';
import type { MergeField, MergeFieldOptions, MergeFieldType } from '../model/merge-field';
import type { Exchange, Route } from './call';
import type { JsonObject } from '../schema';
import { MERGE_FIELD_TYPES } from '../model/merge-field';
import { invalidResource, notFound, Problem, schemaRefusal } from '../problem';
import { audienceOf, isPremium, NO_CONTENT } from './call';
import { collectionLinks, resourceLinks } from './links';
import { pageOf, slice } from './paging';
import { isObject, objectBody, requiredString, stringField } from '../schema';

const FIELDS = '/lists/{list_id}/merge-fields';
const FIELD = `${FIELDS}/{merge_id}`;
const TAG_LENGTH = 10;

function fieldView(exchange: Exchange, audience: Audience, field: MergeField): object {
  const path = `/lists/${audience.profile.id}/merge-fields/${field.mergeId}`;
  return {
    merge_id: field.mergeId,
    tag: field.tag,
    name: field.name,
    type: field.type,
    required: field.required,
    default_value: field.defaultValue,
    public: field.public,
    display_order: field.displayOrder,
    options: field.options,
    help_text: field.helpText,
    list_id: audience.profile.id,
    ...(exchange.world.settings.replies === 'full'
      ? { _links: resourceLinks(exchange.account.dc, path, 'Lists/MergeFields') }
      : {}),
  };
}

function fieldOf(exchange: Exchange, audience: Audience): MergeField {
  const field = audience.mergeFields.find((one) => String(one.mergeId) === exchange.params['merge_id']);
  if (!field) throw new Problem(notFound);
  return field;
}

function listFields(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const { type, required } = exchange.query as { type?: string; required?: string };
  const fields = audience.mergeFields.filter(
    (field) =>
      (type === undefined || field.type === type) &&
      (required === undefined || field.required === (required === 'true' || required === '1')),
  );
  return {
    merge_fields: slice(fields, pageOf(exchange.query)).map((field) => fieldView(exchange, audience, field)),
    list_id: audience.profile.id,
    total_items: fields.length,
    ...collectionLinks(exchange, `/lists/${audience.profile.id}/merge-fields`, 'Lists/MergeFields'),
  };
}

function typeOf(body: JsonObject): MergeFieldType {
  const type = requiredString(body, 'type');
  if (!(MERGE_FIELD_TYPES as readonly string[]).includes(type))
    throw new Problem(
      schemaRefusal([
        { field: 'type', message: `Value must be one of: ${MERGE_FIELD_TYPES.join(', ')}  (not ${type})` },
      ]),
    );
  return type as MergeFieldType;
}

/** Mailchimp cuts a tag to ten characters without an error. */
function mergeTag(wanted: string): string {
  return wanted
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '')
    .slice(0, TAG_LENGTH);
}

function checkTag(audience: Audience, tag: string, except?: MergeField): void {
  if (audience.mergeFields.some((field) => field.tag === tag && field !== except))
    throw new Problem(invalidResource(`A Merge Field with the tag "${tag}" already exists for this list.`));
}

function createField(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const body = objectBody(exchange.body);
  const name = requiredString(body, 'name');
  const type = typeOf(body);
  const most = isPremium(exchange) ? 80 : 30;
  if (audience.mergeFields.length >= most)
    throw new Problem({
      status: 400,
      title: 'Merge Max Limit Exceeded',
      detail: `You have reached the limit of ${most} merge fields for this list.`,
    });
  const place = audience.mergeFields.length + 1;
  const tag = mergeTag(stringField(body, 'tag') || `MMERGE${place}`);
  checkTag(audience, tag);
  const field = audience.addMergeField({
    tag,
    name,
    type,
    required: body['required'] === true,
    defaultValue: stringField(body, 'default_value') ?? '',
    public: body['public'] === true,
    displayOrder: typeof body['display_order'] === 'number' ? body['display_order'] : place,
    helpText: stringField(body, 'help_text') ?? '',
    options: optionsOf(body, type),
  });
  return fieldView(exchange, audience, field);
}

function optionsOf(body: JsonObject, type: MergeFieldType): MergeFieldOptions {
  const given = isObject(body['options']) ? (body['options'] as MergeFieldOptions) : {};
  return { ...defaultOptions(type), ...given };
}

/** Mailchimp's defaults for a field that is created without options. */
export function defaultOptions(type: MergeFieldType): MergeFieldOptions {
  switch (type) {
    case 'text':
      return { size: 25 };
    case 'date':
      return { date_format: 'MM/DD/YYYY' };
    case 'birthday':
      return { date_format: 'MM/DD' };
    case 'phone':
      return { phone_format: 'none' };
    case 'address':
      return { default_country: 164 };
    case 'radio':
    case 'dropdown':
      return { choices: [] };
    default:
      return {};
  }
}

function patchField(exchange: Exchange): object {
  const audience = audienceOf(exchange);
  const field = fieldOf(exchange, audience);
  const body = objectBody(exchange.body);
  const wantedTag = stringField(body, 'tag');
  const tag = wantedTag === undefined ? field.tag : mergeTag(wantedTag);
  checkTag(audience, tag, field);
  const next: MergeField = {
    ...field,
    tag,
    name: stringField(body, 'name') ?? field.name,
    required: typeof body['required'] === 'boolean' ? body['required'] : field.required,
    defaultValue: stringField(body, 'default_value') ?? field.defaultValue,
    helpText: stringField(body, 'help_text') ?? field.helpText,
    options: isObject(body['options']) ? { ...field.options, ...body['options'] } : field.options,
  };
  audience.replaceMergeField(field, next);
  return fieldView(exchange, audience, next);
}

function deleteField(exchange: Exchange): typeof NO_CONTENT {
  const audience = audienceOf(exchange);
  audience.replaceMergeField(fieldOf(exchange, audience), undefined);
  return NO_CONTENT;
}

export const mergeFieldRoutes: readonly Route[] = [
  { method: 'GET', template: FIELDS, handle: listFields },
  { method: 'POST', template: FIELDS, handle: createField },
  {
    method: 'GET',
    template: FIELD,
    handle: (exchange) => {
      const audience = audienceOf(exchange);
      return fieldView(exchange, audience, fieldOf(exchange, audience));
    },
  },
  { method: 'PATCH', template: FIELD, handle: patchField },
  { method: 'DELETE', template: FIELD, handle: deleteField },
];
