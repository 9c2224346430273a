import { ExportError } from '../errors';
import type { Configuration } from './destination';
import type { CompactDestinationView, DestinationView } from './destination-view';
import type { ExportInput } from './export';

/** Temporal refuses payloads of 2 MB. Ours stay below a quarter of that, since several of them can be in one event. */
export const MAX_PAYLOAD_BYTES = 512 * 1024;

/** Of a configuration in its compact form. The rest of a payload is for reports, answers and the parts of an export. */
export const MAX_CONFIGURATION_BYTES = 360_000;
export const MAX_SEGMENTS = 2_000;
export const MAX_FIELDS = 80;
/** As many as Mailchimp allows for an audience. */
export const MAX_GROUPS = 60;

/** Size as JSON, which is how values cross Temporal. */
export function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).byteLength;
}

type ConfiguredTag = Configuration['segments'][number];

/** A segment with its tag. What is usual is left out: a tag named like its segment, known under that name, no id yet. */
type CompactTag = Pick<ConfiguredTag, 'segment'> & Partial<ConfiguredTag>;

/** A configuration as it crosses Temporal: with 2,000 segments, each repeated name would take 200 kB of a payload. */
export interface CompactConfiguration extends Omit<Configuration, 'segments'> {
  readonly segments: readonly CompactTag[];
}

function compactTag({ segment, tag, tagId, knownAs, isAdopted }: ConfiguredTag): CompactTag {
  return {
    segment,
    ...(tag !== segment && { tag }),
    ...(tagId !== null && { tagId }),
    ...(knownAs !== (tagId === null ? null : tag) && { knownAs }),
    ...(isAdopted && { isAdopted }),
  };
}

/** Also reads a segment of version 0.3.0, where nothing is left out. */
export function fullTag({ segment, tag = segment, tagId = null, ...rest }: CompactTag): ConfiguredTag {
  const { knownAs = tagId === null ? null : tag, isAdopted } = rest;
  return { segment, tag, tagId, knownAs, ...(isAdopted && { isAdopted }) };
}

export function compactConfiguration(configuration: Configuration): CompactConfiguration {
  return { ...configuration, segments: configuration.segments.map(compactTag) };
}

export function fullConfiguration(configuration: CompactConfiguration): Configuration {
  return { ...configuration, segments: configuration.segments.map(fullTag) };
}

/** The input of a job as it crosses Temporal. */
export interface CompactExportInput extends Omit<ExportInput, 'configuration'> {
  readonly configuration: CompactConfiguration;
}

export function compactInput(input: ExportInput): CompactExportInput {
  return { ...input, configuration: compactConfiguration(input.configuration) };
}

export function fullInput(input: CompactExportInput): ExportInput {
  return { ...input, configuration: fullConfiguration(input.configuration) };
}

export function fullView(view: CompactDestinationView): DestinationView {
  // A worker of an earlier version sends no labels.
  return {
    ...view,
    labels: view.labels ?? [],
    configuration: view.configuration && fullConfiguration(view.configuration),
  };
}

/** A segment whose tag is left out where it has the same name. */
export type Unnamed<Tagged extends { readonly tag: string }> = Omit<Tagged, 'tag'> & {
  readonly tag?: string;
};

export function unnamed<Tagged extends { readonly segment: string; readonly tag: string }>(
  tagged: Tagged,
): Unnamed<Tagged> {
  const { tag, ...rest } = tagged;
  return tag === tagged.segment ? rest : tagged;
}

export function named<Rest extends { readonly segment: string; readonly tag?: string }>(
  rest: Rest,
): Rest & { readonly tag: string } {
  return { ...rest, tag: rest.tag ?? rest.segment };
}

/** @throws ExportError CONFIGURATION_TOO_LARGE */
export function requireSize(configuration: Configuration): void {
  const bytes = bytesOf(compactConfiguration(configuration));
  if (bytes <= MAX_CONFIGURATION_BYTES) return;
  const { segments, fields } = configuration;
  throw tooLarge(
    `It has ${segments.length} segments and ${fields.length} merge fields and groups, whose names, tags and choices take ${bytes} bytes`,
    `at most ${MAX_CONFIGURATION_BYTES} are possible`,
  );
}

interface Requested {
  readonly segments: Readonly<Record<string, unknown>>;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  readonly groups?: Readonly<Record<string, unknown>> | undefined;
}

/** Before a request is sent, and again when it is read. @throws ExportError CONFIGURATION_TOO_LARGE */
export function requireRequestSize(request: Requested): void {
  const segments = Object.keys(request.segments).length;
  const fields = Object.keys(request.fields ?? {}).length;
  const bytes = bytesOf(request);
  if (segments > MAX_SEGMENTS)
    throw tooLarge(`It has ${segments} segments`, `at most ${MAX_SEGMENTS} are possible`);
  if (fields > MAX_FIELDS)
    throw tooLarge(`It has ${fields} merge fields`, `at most ${MAX_FIELDS} are possible`);
  const groups = Object.keys(request.groups ?? {}).length;
  if (groups > MAX_GROUPS) throw tooLarge(`It has ${groups} groups`, `at most ${MAX_GROUPS} are possible`);
  if (bytes > MAX_PAYLOAD_BYTES)
    throw tooLarge(`Its names and tags take ${bytes} bytes`, `a request has at most ${MAX_PAYLOAD_BYTES}`);
}

function tooLarge(what: string, limit: string): ExportError {
  return new ExportError(
    'CONFIGURATION_TOO_LARGE',
    `The configuration is too large, and was not changed. ${what}; ${limit}. Choose fewer segments, give shorter tags, or divide the segments between two destinations.`,
  );
}
