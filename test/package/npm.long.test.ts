import { describeInstalled } from './installed';
import { NEWEST_SDK } from './project';

// The lowest version of the SDK: npm.release.test.ts.
describeInstalled('npm', [NEWEST_SDK]);
