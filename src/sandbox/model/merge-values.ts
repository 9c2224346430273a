import type { FieldError } from '../problem';
import type { MergeValue } from './member';
import type { MergeField } from './merge-field';

const TEXT_BYTES = 255;
// A UTF-16 unit takes at most three bytes of UTF-8, so text of up to 85 units fits without counting.
const SURELY_FITS = TEXT_BYTES / 3;

/** Cuts text to 255 bytes, between characters. */
function cutText(text: string): string {
  if (text.length <= SURELY_FITS) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= TEXT_BYTES) return text;
  let end = TEXT_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

type Checked = { readonly value: MergeValue } | { readonly message: string };

const text = (value: unknown): string => (typeof value === 'string' ? value : String(value));

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

function checkNumber(value: unknown): Checked {
  if (typeof value === 'number' && Number.isFinite(value)) return { value };
  const digits = text(value).trim();
  return DECIMAL.test(digits) ? { value: Number(digits) } : { message: 'Please enter a number' };
}

const ISO_DATE = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$/;
const SHORT_DATE = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/;

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function checkDate(value: unknown, field: MergeField): Checked {
  const iso = ISO_DATE.exec(text(value));
  const short = iso ? null : SHORT_DATE.exec(text(value));
  const dayFirst = field.options.date_format === 'DD/MM/YYYY';
  const [year, month, day] = iso
    ? [iso[1], iso[2], iso[3]]
    : [short?.[3], short?.[dayFirst ? 2 : 1], short?.[dayFirst ? 1 : 2]];
  if (!year || !month || !day || !isDay(Number(year), Number(month), Number(day)))
    return { message: 'Please enter a valid date' };
  return { value: `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` };
}

function checkBirthday(value: unknown): Checked {
  const found = /^(\d{1,2})\/(\d{1,2})$/.exec(text(value));
  // In a leap year, because 02/29 is a valid birthday.
  if (!found || !isDay(2000, Number(found[1]), Number(found[2])))
    return { message: 'Please enter a valid birthday (MM/DD)' };
  return { value: `${found[1]!.padStart(2, '0')}/${found[2]!.padStart(2, '0')}` };
}

function checkPhone(value: unknown, field: MergeField): Checked {
  const digits = text(value).replaceAll(/\D/g, '');
  if (field.options.phone_format === 'US' && digits.length !== 10)
    return { message: 'Please enter a valid phone number (###) ###-####' };
  return { value: cutText(text(value)) };
}

function checkChoice(value: unknown, field: MergeField): Checked {
  const choices = field.options.choices ?? [];
  if (choices.includes(text(value))) return { value: text(value) };
  return { message: `Value must be one of: ${choices.join(', ')}  (not ${text(value)})` };
}

function checkUrl(value: unknown): Checked {
  const url = text(value).trim();
  return URL.canParse(url.includes('://') ? url : `http://${url}`) && url.includes('.')
    ? { value: cutText(url) }
    : { message: 'Please enter a valid URL' };
}

const ADDRESS_PARTS = ['addr1', 'addr2', 'city', 'state', 'zip', 'country'];

function checkAddress(value: unknown): Checked {
  const incomplete = { message: 'Please enter a complete address' };
  if (typeof value !== 'object') return incomplete;
  const given = value as Readonly<Record<string, unknown>>;
  const required = ['addr1', 'city', 'state', 'zip'].map((part) => given[part]);
  if (required.some((part) => typeof part !== 'string' || part === '')) return incomplete;
  return { value: Object.fromEntries(ADDRESS_PARTS.map((part) => [part, text(given[part] ?? '')])) };
}

function checkValue(value: unknown, field: MergeField): Checked {
  switch (field.type) {
    case 'text':
      return typeof value === 'object'
        ? { message: 'Please enter a value' }
        : { value: cutText(text(value)) };
    case 'number':
      return checkNumber(value);
    case 'date':
      return checkDate(value, field);
    case 'birthday':
      return checkBirthday(value);
    case 'phone':
      return checkPhone(value, field);
    case 'zip':
      return /^\d{5}$/.test(text(value))
        ? { value: text(value) }
        : { message: 'Please enter a valid zip code' };
    case 'radio':
    case 'dropdown':
      return checkChoice(value, field);
    case 'url':
    case 'imageurl':
      return checkUrl(value);
    case 'address':
      return checkAddress(value);
    default:
      throw new Error(`no such type of merge field: ${String(field.type satisfies never)}`);
  }
}

const isEmptyAddress = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((part) => part === '');

export interface MergeWrite {
  readonly fields: readonly MergeField[];
  /** By tag. Unknown tags are ignored; '' clears a value. */
  readonly given: Readonly<Record<string, unknown>> | undefined;
  readonly before: readonly (MergeValue | undefined)[];
  readonly validate: boolean;
  readonly requireValues: boolean;
}

export interface MergeResult {
  readonly values: (MergeValue | undefined)[];
  readonly errors: FieldError[];
  readonly changed: boolean;
}

/** With `validate` off a value that does not fit its field is dropped, and required ones may be empty. */
export function writeMergeValues(write: MergeWrite): MergeResult {
  const { fields, given, before, validate, requireValues } = write;
  // Allocated with its final size: a growing array reserves space for sixteen values.
  const values = before.length > 0 ? before.slice() : emptyValues(fields);
  const errors: FieldError[] = [];
  let changed = false;
  for (const field of fields) {
    const wanted = given?.[field.tag];
    if (wanted !== undefined) {
      const checked = wanted === '' || isEmptyAddress(wanted) ? { value: '' } : checkValue(wanted, field);
      if ('value' in checked) {
        changed ||= !sameValue(values[field.slot] ?? '', checked.value);
        values[field.slot] = checked.value;
      } else if (validate) errors.push({ field: field.tag, message: checked.message });
    }
    if (field.required && validate && requireValues && (values[field.slot] ?? '') === '')
      errors.push({ field: field.tag, message: 'Please enter a value' });
  }
  return { values, errors, changed };
}

function emptyValues(fields: readonly MergeField[]): MergeResult['values'] {
  const slots = (fields.at(-1)?.slot ?? -1) + 1;
  // eslint-disable-next-line unicorn/no-new-array -- `Array.from` takes more than twice as long, which matters for a million new members
  return new Array<undefined>(slots).fill(undefined);
}

function sameValue(one: MergeValue, other: MergeValue): boolean {
  return one === other || (typeof one === 'object' && JSON.stringify(one) === JSON.stringify(other));
}
