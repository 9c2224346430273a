import { configureGlobal } from 'fast-check';

// CI decides on a change, so it runs the same cases each time; every other run looks for new ones.
if (process.env['CI']) configureGlobal({ seed: 20_261_129 });

export * from 'fast-check';
