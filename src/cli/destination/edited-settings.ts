import { z } from 'zod';
import {
  ConfigureSettingsSchema,
  ConnectSettingsSchema,
  type Configuration,
} from '../../contract/destination';
import { DestinationScheduleSchema } from '../../contract/schedule';
import type { DestinationView } from '../../contract/destination-view';
import { isMergeField } from '../../contract/merge-field';

/** What `destination edit` changes. Account, audience and source stay: another of these is another destination, or needs `connect`. */
export const EditedSettingsSchema = z.strictObject({
  connect: ConnectSettingsSchema.pick({ name: true, statusIfNew: true, consentProof: true, labels: true }),
  configure: ConfigureSettingsSchema,
  schedule: DestinationScheduleSchema.optional(),
});
export type EditedSettings = z.output<typeof EditedSettingsSchema>;

type Named = Pick<DestinationView, 'name' | 'statusIfNew' | 'labels' | 'consent'>;

/** The settings as they are, in the form of the configuration file. */
export function settingsOf(
  { name, statusIfNew, labels, consent }: Named,
  configuration: Configuration,
): EditedSettings {
  const {
    email,
    otherEmails = [],
    fields,
    language,
    signup,
    addOnlyIf,
    leavers,
    rejects,
  } = withLanguage(configuration);
  const { strict, optedOut, latest, latestFormat, segments, guards, approval, staleAfterHours, verify } =
    configuration;
  const value = valueIn(configuration);
  const groups = fields.filter(({ field }) => field.type === 'group');
  return EditedSettingsSchema.parse({
    connect: {
      name,
      statusIfNew,
      ...(consent?.proof !== undefined && { consentProof: consent.proof }),
      labels,
    },
    configure: {
      email: otherEmails.length > 0 ? [email, ...otherEmails] : email,
      fields: Object.fromEntries(
        fields
          .filter(({ field }) => isMergeField(field))
          .map((match) => [match.field.tag, fieldSettings(match, value)]),
      ),
      ...(groups.length > 0 && {
        groups: Object.fromEntries(groups.map((match) => [match.field.name, fieldSettings(match, value)])),
      }),
      ...(language !== undefined && { language: value(language) }),
      ...(addOnlyIf !== undefined && { addOnlyIf: value(addOnlyIf) }),
      ...(signup && { signup: valuesOf(signup, value) }),
      strict,
      optedOut,
      ...(latest !== null && {
        latest: latestFormat === undefined ? latest : { attribute: latest, format: latestFormat },
      }),
      segments: Object.fromEntries(segments.map(({ segment, tag }) => [segment, tag])),
      ...(leavers !== undefined && { leavers }),
      ...(rejects !== undefined && { rejects }),
      guards,
      ...(approval && { approval }),
      ...(staleAfterHours !== undefined && { staleAfterHours }),
      ...(verify && { verify }),
    },
  });
}

/** With the attribute that is matched to the language. */
function withLanguage(
  configuration: Configuration,
): Configuration & { readonly language: string | undefined } {
  const language = configuration.fields.find(({ field }) => field.type === 'language')?.attribute;
  return { ...configuration, language };
}

type ToValue = (name: string) => string | { readonly sql: string };

/** An attribute by its name, and an expression as SQL: the configuration knows both by their text. */
function valueIn({ expressions = [] }: Configuration): ToValue {
  const known = new Set(expressions.map(({ sql }) => sql));
  return (name) => (known.has(name) ? { sql: name } : name);
}

function valuesOf(names: Readonly<Record<string, string | undefined>>, value: ToValue) {
  const named = Object.entries(names).flatMap(([part, name]) =>
    name === undefined ? [] : [[part, value(name)] as const],
  );
  return Object.fromEntries(named);
}

/** In its short form where it has nothing but the attribute. */
function fieldSettings(match: Configuration['fields'][number], value: ToValue) {
  const { attribute, address, empty, format, decimal } = match;
  const more = {
    ...(empty !== undefined && empty !== 'clear' && { empty }),
    ...(format !== undefined && { format }),
    ...(decimal !== undefined && { decimal }),
  };
  if (address) return { address: valuesOf(address, value), ...more };
  const matched = value(attribute);
  if (typeof matched !== 'string') return { ...matched, ...more };
  return Object.keys(more).length === 0 ? attribute : { attribute, ...more };
}
