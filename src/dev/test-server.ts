import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './executables';
import { runTool } from './run-tool';
import { sdkDownload } from './sdk-download';
import { findServerExecutable, type LookupOptions, type Supplier } from './server-executable';

const SERVER_VERSION = '1.38.0';
const NAME = 'temporal-test-server';
const TIMEOUT_MS = 10 * 60_000;

// Without slf4j-nop the server prints three lines about a missing logger at each start.
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>temporal-mailchimp</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>${NAME}</artifactId><version>${SERVER_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

// The SDK waits five seconds for the server; these flags let a JVM on a busy machine start in time.
const WRAPPER = `#!/bin/sh
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -cp "\${0%/*}/lib/*" io.temporal.testserver.TestServer "$@"
`;

const maven: Supplier = {
  // "b": the second wrapper around this version.
  entry: `${NAME}-maven-${SERVER_VERSION}-b`,
  title: `Maven Central, version ${SERVER_VERSION}`,
  duration: '38 MB, up to a minute',
  needs: ['java', 'mvn'],
  async fetch({ folder, env, report }) {
    const pom = join(folder, 'pom.xml');
    writeFileSync(pom, POM);
    await runTool({
      command: findOnPath('mvn', env)!,
      args: [
        '-B',
        '-q',
        'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
        `-DoutputDirectory=${join(folder, 'lib')}`,
        '-DincludeScope=runtime',
      ],
      env,
      cwd: folder,
      report,
      timeoutMs: TIMEOUT_MS,
    });
    rmSync(pom);
    writeFileSync(join(folder, NAME), WRAPPER, { mode: 0o755 });
  },
};

/**
 * Path of the time-skipping test server, for `TestWorkflowEnvironment.createTimeSkipping` as `existing-path`:
 * `TEMPORAL_TEST_SERVER_PATH`, `temporal-test-server` on the PATH, the cache, the SDK's download, or Maven Central (which needs
 * Java to run). Fetches at most once per machine; safe to call from several processes. Throws
 * `TEMPORAL_SERVER_UNAVAILABLE`.
 */
export function findTestServer(options: LookupOptions = {}): Promise<string> {
  return findServerExecutable(
    {
      title: 'Temporal time-skipping test server',
      executable: NAME,
      variable: 'TEMPORAL_TEST_SERVER_PATH',
      suppliers: [sdkDownload('createTimeSkipping', NAME), maven],
      advice:
        'Install Java 11 or later and Maven, or set TEMPORAL_TEST_SERVER_PATH to a temporal-test-server ' +
        '(https://github.com/temporalio/sdk-java/releases).',
    },
    options,
  );
}
