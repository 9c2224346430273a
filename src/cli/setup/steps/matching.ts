import {
  CREATED_TYPES,
  NewMergeFieldSchema,
  whyNotCreated,
  type NewMergeField,
} from '../../../contract/new-merge-field';
import type { MergeField } from '../../../contract/merge-field';
import { emailsOf } from '../../../contract/requested-matching';
import { parseCreatedField, parseFieldFlag } from '../../destination/matching-flags';
import { propose } from '../../init/propose';
import { lazy } from '../../lazy';
import type { Prompts } from '../../shell/prompts';
import { checkMatching, requiredAndUnmatched } from '../check-matching';
import { answered, inFile, type Draft, type Setup, type Step } from '../setup';

type Fields = Readonly<Record<string, string>>;

export const matching: Step = {
  title: 'Data matching',
  missing: (setup) =>
    (setup.options.email ?? inFile(setup, setup.destinationId)?.configure?.email)
      ? []
      : ['--email <attribute>'],
  answer: async (setup, draft) => {
    const matched = await match(setup, draft);
    checkMatching(matched);
    return matched;
  },
  summary: (draft) => {
    const created = answered(draft, 'created').map(({ tag }) => tag);
    const fields = Object.entries(answered(draft, 'fields')).map(
      ([tag, attribute]) => `${attribute} → ${tag}${created.includes(tag) ? ' (a new merge field)' : ''}`,
    );
    return [
      ['Email', answered(draft, 'email')],
      ['Attributes', fields.join('\n') || 'no others'],
    ];
  },
};

async function match(setup: Setup, draft: Draft): Promise<Draft> {
  const { options, prompts, invocation } = setup;
  const before = draft.fields ?? fieldsOf(setup, draft);
  const flags = Object.fromEntries((options.field ?? []).map((text) => parseFieldFlag(invocation, text)));
  const createdByFlags = (options.createField ?? []).map(parseCreatedField);
  const email = await emailOf(setup, draft);
  const keptFields = Object.keys(inFile(setup, draft.destinationId)?.configure?.fields ?? {}).filter(
    (tag) => !Object.hasOwn(before, tag),
  );
  const start = {
    ...draft,
    keptFields,
    email,
    fields: { ...before, ...flags },
    created: draft.created ?? createdByFlags,
  };
  if (!prompts || options.field) return start;
  return askFields(prompts, start);
}

async function emailOf(setup: Setup, draft: Draft): Promise<string> {
  const { options, prompts } = setup;
  if (options.email !== undefined) return options.email;
  const { attributes } = answered(draft, 'read');
  const known = draft.email ?? emailInFile(setup, draft);
  const proposed = known ?? propose(attributes).email;
  if (!prompts) return proposed ?? '';
  return prompts.choose({
    message: 'Email: the attribute with the e-mail address',
    choices: attributes.map((value) => ({ value, label: value })),
    initial: proposed !== undefined && attributes.includes(proposed) ? proposed : undefined,
  });
}

/** Of several, the preferred one. */
function emailInFile(setup: Setup, { destinationId }: Draft): string | undefined {
  const configured = inFile(setup, destinationId)?.configure;
  return configured && emailsOf(configured)[0];
}

/** Of the file: those that are filled by one attribute. The others stay as they are. */
function fieldsOf(setup: Setup, { destinationId }: Draft): Fields {
  const configured: Readonly<Record<string, unknown>> = inFile(setup, destinationId)?.configure?.fields ?? {};
  return Object.fromEntries(
    Object.entries(configured).flatMap(([tag, field]) => {
      const attribute =
        typeof field === 'string' ? field : (field as { readonly attribute?: unknown }).attribute;
      return typeof attribute === 'string' ? [[tag, attribute]] : [];
    }),
  );
}

/** With what data matching answers. */
type Matched = Draft & Required<Pick<Draft, 'fields' | 'created'>>;

async function askFields(prompts: Prompts, start: Matched): Promise<Draft> {
  let matched = start;
  for (const [tag, message] of [
    ['FNAME', 'First name'],
    ['LNAME', 'Last name'],
  ] as const) {
    if (answered(start, 'mergeFields').some((field) => field.tag === tag))
      matched = await askName(prompts, matched, { tag, message });
  }
  for (;;) {
    const choice = await prompts.choose({
      message: `Matched: ${describeFields(matched.fields)}`,
      choices: [
        { value: DONE, label: 'Go on' },
        { value: ADD, label: 'Add attribute' },
        ...Object.entries(matched.fields).map(([tag, attribute]) => ({
          value: `-${tag}`,
          label: `Do not send ${attribute} as ${tag}`,
        })),
      ],
      initial: requiredAndUnmatched(matched).length > 0 ? ADD : DONE,
    });
    if (choice === DONE) return matched;
    matched = choice === ADD ? await addAttribute(prompts, matched) : without(matched, choice.slice(1));
  }
}

const DONE = 'done';
const ADD = 'add';
const NONE = '';

function describeFields(fields: Fields): string {
  const names = Object.entries(fields).map(([tag, attribute]) => `${attribute} → ${tag}`);
  return ['the e-mail address', ...names].join(', ');
}

function without({ fields, created, ...draft }: Matched, tag: string): Matched {
  return {
    ...draft,
    fields: Object.fromEntries(Object.entries(fields).filter(([name]) => name !== tag)),
    created: created.filter((field) => field.tag !== tag),
  };
}

async function askName(
  prompts: Prompts,
  matched: Matched,
  { tag, message }: { readonly tag: 'FNAME' | 'LNAME'; readonly message: string },
): Promise<Matched> {
  const { attributes } = answered(matched, 'read');
  const known = matched.fields[tag] ?? propose(attributes).fields[tag] ?? NONE;
  const choices = attributes.map((value) => ({ value, label: value }));
  const attribute = await prompts.choose<string>({
    message,
    choices: [{ value: NONE, label: 'Do not match' }, ...choices],
    initial: attributes.includes(known) ? known : NONE,
  });
  if (attribute === NONE) return without(matched, tag);
  return { ...matched, fields: { ...matched.fields, [tag]: attribute } };
}

const CREATE = '+';

async function addAttribute(prompts: Prompts, matched: Matched): Promise<Matched> {
  const used = new Set([answered(matched, 'email'), ...Object.values(matched.fields)]);
  const { attributes } = answered(matched, 'read');
  const attribute = await prompts.choose({
    message: 'Add attribute',
    choices: attributes.map((value) => ({
      value,
      label: value,
      ...(used.has(value) && { hint: 'is sent already' }),
    })),
    initial: attributes.find((name) => !used.has(name)),
  });
  const free = answered(matched, 'mergeFields').filter(
    ({ tag, type }) => !Object.hasOwn(matched.fields, tag) && type !== 'address',
  );
  const tag = await prompts.choose<string>({
    message: `Merge field for ${attribute}`,
    choices: [
      ...free.map(({ tag: value, name, type, required }) => ({
        value,
        label: `${value} (${name})`,
        hint: `${type}${required ? ', required' : ''}`,
      })),
      { value: CREATE, label: 'Create a merge field' },
    ],
    initial: likely(attribute, free),
  });
  if (tag !== CREATE) return { ...matched, fields: { ...matched.fields, [tag]: attribute } };
  const field = await askNewField(prompts, matched, attribute);
  return {
    ...matched,
    fields: { ...matched.fields, [field.tag]: attribute },
    created: [...matched.created, field],
  };
}

function likely(attribute: string, free: readonly MergeField[]): string {
  const names = free.flatMap(({ tag, name }) => [tag, name]);
  const near = lazy.reading().nearest(attribute, names);
  return free.find(({ tag, name }) => near === tag || near === name)?.tag ?? CREATE;
}

async function askNewField(prompts: Prompts, matched: Matched, attribute: string): Promise<NewMergeField> {
  const present = [...answered(matched, 'mergeFields'), ...matched.created];
  const whyNot = (tag: string) => {
    const wanted = NewMergeFieldSchema.shape.tag.safeParse(tag);
    if (!wanted.success) return wanted.error.issues.map(({ message }) => message).join(', ');
    const taken = present.find((field) => field.tag === tag);
    if (taken) return `the audience has a merge field ${tag} already: "${taken.name}"`;
    return whyNotCreated({ tag, name: attribute, type: 'text' }, present);
  };
  const tag = await prompts.text({
    message: 'Tag of the new merge field: 1 to 10 of A-Z, 0-9, _',
    initial: tagFor(attribute),
    check: whyNot,
  });
  const name = await prompts.text({
    message: 'Its name, as people see it in Mailchimp',
    initial: attribute.slice(0, 50),
    check: (text) =>
      NewMergeFieldSchema.shape.name.safeParse(text).success ? undefined : 'A name has 1 to 50 characters.',
  });
  const type = await prompts.choose({
    message: 'Its type',
    choices: CREATED_TYPES.map((value) => ({ value, label: value })),
    initial: 'text',
  });
  return { tag, name, type };
}

function tagFor(attribute: string): string {
  return attribute
    .normalize('NFKD')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '')
    .slice(0, 10);
}
