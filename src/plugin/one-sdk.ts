// Imported before anything that loads the SDK, so that a second copy of it gets an error that says so.
import { requireOneSdk } from './check-sdk';

requireOneSdk();
