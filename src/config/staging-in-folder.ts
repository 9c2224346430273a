import type { WorkerConfig } from './config';

type StagingConfig = WorkerConfig['staging'];

/** The settings of a store with its rows in a folder of this machine. */
export function stagingInFolder(staging: StagingConfig, folder: string): StagingConfig {
  return { ...staging, s3: undefined, azure: undefined, folder };
}
