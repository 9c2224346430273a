import type { SecretResolver } from '../ports/secrets';

/** What a source may use of this machine. */
export interface SourceOptions {
  /** Where relative paths of the configuration start. */
  readonly baseFolder: string;
  /** e.g. `256MB`: DuckDB's buffers; the process needs about 300 MB beyond. */
  readonly memoryLimit: string;
  /** Folder for copies of rows and spilled memory; what a source leaves in it under the name `source-…` is deleted after a day. */
  readonly scratch: string;
  /** Folder on the same disk for what a later attempt goes on with, perhaps that of another process; swept as `scratch`. Default: `scratch`. */
  readonly downloads?: string;
  readonly secrets: SecretResolver;
}
