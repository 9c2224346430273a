import { globalState } from './global-state';

async function globalTeardown(): Promise<void> {
  await Promise.all(globalState().cleanUp.map((step) => step()));
}

module.exports = globalTeardown;
