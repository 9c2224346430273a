import type { StorageConfig } from '../config/object-config';
import type { SecretResolver } from '../ports/secrets';
import type { Purpose } from './object-store';

/** How a store is reached, and why. */
export interface Access {
  readonly storage: StorageConfig;
  readonly secrets: SecretResolver;
  readonly purpose: Purpose;
}
