import type { Step } from '../setup';
import { audience } from './audience';
import { authenticate } from './authenticate';
import { displayName } from './display-name';
import { exportUser } from './export-user';
import { matching } from './matching';
import { newContacts } from './new-contacts';
import { privacy } from './privacy';
import { save } from './save';
import { segments } from './segments';
import { source } from './source';

/** In the order of the connector. */
export const STEPS: readonly Step[] = [
  displayName,
  source,
  privacy,
  audience,
  authenticate,
  newContacts,
  exportUser,
  matching,
  segments,
  save,
];
