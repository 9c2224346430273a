import { resolve } from 'node:path';
import type { WorkerConfig } from '../config/config';
import type { StagingStore } from '../ports/staging-store';
import { FolderStore } from '../staging';

/** The store of a configuration, for a worker and for commands that read. @param baseFolder where relative paths start */
export function configuredStore(staging: WorkerConfig['staging'], baseFolder: string): StagingStore {
  return new FolderStore(resolve(baseFolder, staging.folder));
}
