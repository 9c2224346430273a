import type { ReceiverInput } from '../config/alert-config';
import { CustomSecretsConfigSchema, WebUiSchema, WorkerConfigSchema } from '../config/config';
import type { AccountInput, StagingInput, WorkerConfig } from '../config/config';
import type { DataverseSourceInput } from '../config/dataverse-config';
import type { PostgresSourceInput } from '../config/postgres-config';
import type { CdmSourceInput, FilesSourceInput } from '../config/source-config';
import type { SqlSourceInput } from '../config/sql-config';
import { NameSchema } from '../contract/identifiers';
import { parse } from '../contract/parse';
import { ExportError } from '../errors';
import type { SecretResolver } from '../ports/secrets';
import type { SegmentSource } from '../ports/source';
import type { StagingStore } from '../ports/staging-store';
import { type HostPorts, isSegmentSource } from './resources';

/**
 * What a worker that exports to Mailchimp needs: the `staging`, `accounts` and `sources` of the configuration file, or instances of your
 * own in their place. The plugin uses an instance for as long as its worker runs and does not close it.
 */
export interface MailchimpPluginOptions {
  /** By name. */
  readonly accounts: Readonly<Record<string, AccountInput>>;
  /** By name: a section of the configuration, or a SegmentSource. */
  readonly sources: Readonly<
    Record<
      string,
      | FilesSourceInput
      | CdmSourceInput
      | PostgresSourceInput
      | SqlSourceInput
      | DataverseSourceInput
      | SegmentSource
    >
  >;
  /** `store` takes the place of `folder`, `s3` and `azure`. */
  readonly staging?: (StagingInput & { readonly store?: StagingStore }) | undefined;
  /** Receivers of alerts, by name. @defaultValue none */
  readonly alerts?: Readonly<Record<string, ReceiverInput>> | undefined;
  /** Address of Temporal's Web UI, for links in alerts. @defaultValue no links */
  readonly webUi?: string | undefined;
  /** Resolves the references of `accounts`, `sources` and `alerts`, which may then be of any form `SCHEME:NAME`. @defaultValue those of the form `env:VARIABLE` and `file:PATH` */
  readonly secrets?: SecretResolver;
  /**
   * Sets search attributes on the workflows of destinations and exports, once the namespace has them (`temporal-mailchimp search-attributes
   * register`). Temporal does not encrypt them; they contain ids, numbers and states. @defaultValue false
   */
  readonly searchAttributes?: boolean;
  /** Where relative paths start. @defaultValue the current folder */
  readonly baseFolder?: string;
}

export interface PluginSettings {
  readonly config: WorkerConfig;
  readonly ports: HostPorts;
  readonly searchAttributes: boolean;
  readonly baseFolder: string;
}

/** @throws ExportError CONFIG_INVALID, with each wrong field */
export function readOptions(options: MailchimpPluginOptions): PluginSettings {
  const { secrets, webUi, searchAttributes = false, baseFolder = process.cwd(), ...rest } = options;
  const { store, ...staging } = options.staging ?? {};
  const other = (['folder', 's3', 'azure'] as const).find((name) => staging[name] !== undefined);
  if (store !== undefined && other !== undefined) {
    throw new ExportError(
      'CONFIG_INVALID',
      `The options of MailchimpPlugin have both staging.${other} and staging.store. Rows lie in one of them: leave out the other.`,
    );
  }
  const { instances, configured } = separate(options.sources);
  const schema = secrets === undefined ? WorkerConfigSchema : CustomSecretsConfigSchema;
  const what = { what: 'The options of MailchimpPlugin', code: 'CONFIG_INVALID' } as const;
  for (const name of Object.keys(instances)) parse(NameSchema, name, what);
  const config = parse(schema, { ...rest, staging, sources: configured }, what);
  if (webUi !== undefined) parse(WebUiSchema, webUi, what);
  return { config, ports: { sources: instances, store, secrets, webUi }, searchAttributes, baseFolder };
}

/** Callers without types may pass anything: the schema refuses what is not an instance. */
function separate(sources: MailchimpPluginOptions['sources'] | undefined) {
  const entries = Object.entries(sources ?? {});
  const instances = entries.flatMap(([name, source]) =>
    isSegmentSource(source) ? [[name, source] as const] : [],
  );
  const configured = entries.filter(([, source]) => !isSegmentSource(source));
  return {
    instances: Object.fromEntries(instances),
    configured: sources && Object.fromEntries(configured),
  };
}
