import { describeInstalled } from './installed';
import { NEWEST_SDK } from './project';

// Which version of the SDK is installed is no matter of the package manager: npm.release.test.ts has the lowest too.
describeInstalled('pnpm', [NEWEST_SDK]);
