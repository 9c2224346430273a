import type { ConfigureRequest, FieldSettings, GroupSettings, MatchedValue } from './destination';
import type { AddressParts, FieldMatch } from './merge-field';

type Matching = Pick<
  ConfigureRequest,
  'email' | 'fields' | 'groups' | 'language' | 'latest' | 'addOnlyIf' | 'signup'
>;

/** A matched merge field as it was requested, with its defaults. */
export type RequestedField = Omit<FieldMatch, 'field'> & { readonly tag: string };

/** A matched group as it was requested, with its defaults. */
export type RequestedGroup = Pick<FieldMatch, 'attribute' | 'empty'> & { readonly name: string };

/** What a value is known by: the name of its attribute, or its SQL. */
export function nameOfValue(value: MatchedValue): string {
  return typeof value === 'string' ? value : value.sql;
}

/** The attributes with an address, the preferred one first. */
export function emailsOf({ email }: Pick<Matching, 'email'>): readonly string[] {
  return [email].flat().filter((name) => name !== '');
}

/** A plain name means the defaults. */
export function requestedFields({ fields }: Pick<Matching, 'fields'>): readonly RequestedField[] {
  return Object.entries(fields).map(([tag, settings]) =>
    typeof settings === 'string' ? { tag, attribute: settings, empty: 'clear' } : fieldOf(tag, settings),
  );
}

function fieldOf(tag: string, { attribute, sql, address, ...settings }: FieldSettings): RequestedField {
  if (!address) return { tag, attribute: attribute ?? sql ?? '', ...settings };
  const { addr2, country } = address;
  const parts: AddressParts = {
    addr1: nameOfValue(address.addr1),
    ...(addr2 !== undefined && { addr2: nameOfValue(addr2) }),
    city: nameOfValue(address.city),
    state: nameOfValue(address.state),
    zip: nameOfValue(address.zip),
    ...(country !== undefined && { country: nameOfValue(country) }),
  };
  return { tag, attribute: parts.addr1, address: parts, ...settings };
}

export function requestedGroups({ groups = {} }: Pick<Matching, 'groups'>): readonly RequestedGroup[] {
  return Object.entries(groups).map(([name, settings]) =>
    typeof settings === 'string'
      ? { name, attribute: settings, empty: 'clear' }
      : { name, attribute: settings.attribute ?? settings.sql ?? '', empty: settings.empty },
  );
}

/** A value with its place below `configure`. */
export interface PlacedValue {
  readonly at: string;
  readonly value: MatchedValue;
}

/** All attributes and expressions that a request names. */
export function valuesIn(request: Matching): readonly PlacedValue[] {
  const { fields, groups = {}, language, latest, addOnlyIf, signup = {} } = request;
  return [
    ...emailsOf(request).map((value) => ({ at: 'email', value })),
    ...(latest === undefined
      ? []
      : [{ at: 'latest', value: typeof latest === 'string' ? latest : latest.attribute }]),
    ...Object.entries(fields).flatMap(([tag, settings]) => placed(`fields.${tag}`, settings)),
    ...Object.entries(groups).flatMap(([name, settings]) => placed(`groups.${name}`, settings)),
    ...(language === undefined ? [] : [{ at: 'language', value: language }]),
    ...(addOnlyIf === undefined ? [] : [{ at: 'addOnlyIf', value: addOnlyIf }]),
    ...placedParts('signup', signup),
  ];
}

function placed(at: string, settings: string | FieldSettings | GroupSettings): readonly PlacedValue[] {
  if (typeof settings === 'string') return [{ at, value: settings }];
  const { attribute, sql } = settings;
  const address = 'address' in settings ? settings.address : undefined;
  return [
    ...(attribute === undefined ? [] : [{ at, value: attribute }]),
    ...(sql === undefined ? [] : [{ at, value: { sql } }]),
    ...placedParts(`${at}.address`, address ?? {}),
  ];
}

function placedParts(
  at: string,
  parts: Readonly<Record<string, MatchedValue | undefined>>,
): readonly PlacedValue[] {
  return Object.entries(parts).flatMap(([part, value]) =>
    value === undefined ? [] : [{ at: `${at}.${part}`, value }],
  );
}
