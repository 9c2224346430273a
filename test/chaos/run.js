// `npm run chaos -- --seed S --minutes M`: random exports in bad weather, compared with the model.
const { spawnSync } = require('node:child_process');
const { parseArgs } = require('node:util');

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '10' },
    'at-once': { type: 'string', default: '2' },
  },
});
const { status } = spawnSync(
  process.execPath,
  [require.resolve('jest/bin/jest'), '--config', 'jest.release.config.js', 'test/chaos'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      CHAOS_SEED: values.seed,
      CHAOS_MINUTES: values.minutes,
      CHAOS_AT_ONCE: values['at-once'],
    },
  },
);
process.exitCode = status ?? 1;
