import { join } from 'node:path';
import { type DevServer, freePort, startDevServer } from '../../src/dev/dev-server';
import type { OwnedProcess } from '../../src/dev/owned-process';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { startWorker } from '../integration/killed-worker';

/** A Temporal server that keeps its state in a file, so that it can be killed. */
export class Server {
  readonly #options: Parameters<typeof startDevServer>[0];
  #server: DevServer;
  #starting: Promise<void> | undefined;
  readonly #connecting = new Set<Promise<unknown>>();

  private constructor(options: Parameters<typeof startDevServer>[0], server: DevServer) {
    this.#options = options;
    this.#server = server;
  }

  static async start(folder: string): Promise<Server> {
    const binary = await findTemporalBinary({ report: () => undefined });
    const dbFilename = join(folder, 'temporal/server.db');
    const options = { binary, dbFilename, headless: true, port: await freePort() };
    return new Server(options, await startDevServer(options));
  }

  get address(): string {
    return this.#server.address;
  }

  /** Runs `connect` while the server is up, and kills it only afterwards: the SDK does not retry a first connection. */
  async connect<Result>(connect: (address: string) => Promise<Result>): Promise<Result> {
    while (this.#starting !== undefined) await this.#starting;
    const connecting = connect(this.address);
    this.#connecting.add(connecting);
    return connecting.finally(() => this.#connecting.delete(connecting));
  }

  /** Kills it and starts it again on the same port, with what its file has. Once at a time. */
  restart(): Promise<void> {
    this.#starting ??= this.#restart().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #restart(): Promise<void> {
    await Promise.allSettled(this.#connecting);
    process.kill(-this.#server.pid, 'SIGKILL');
    await this.#server.close();
    this.#server = await startDevServer(this.#options);
  }

  async close(): Promise<void> {
    await this.#starting;
    await this.#server.close();
  }
}

/** Starts a worker again while it ends because the server was killed, as a supervisor does. */
async function startUntilServed(configFile: string): Promise<OwnedProcess> {
  for (;;) {
    try {
      return await startWorker(configFile);
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('No Temporal server answers'))) throw error;
    }
  }
}

/** A worker process that is replaced when it was killed. */
export class WorkerProcess {
  readonly #configFile: string;
  #process: OwnedProcess;
  #isKilled = false;
  #isFrozen = false;
  #starting: Promise<void> | undefined;

  private constructor(configFile: string, process: OwnedProcess) {
    this.#configFile = configFile;
    this.#process = process;
  }

  static async start(configFile: string): Promise<WorkerProcess> {
    return new WorkerProcess(configFile, await startUntilServed(configFile));
  }

  /** The end of a process that was not killed. */
  async ownEnd(): Promise<string | undefined> {
    const how = await Promise.race([this.#process.ended, Promise.resolve()]);
    return how === undefined || this.#isKilled ? undefined : `${how}\n${this.#process.output()}`;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Stops all of its threads, as a paused virtual machine does. */
  freeze(): void {
    this.#isFrozen = this.#signal('SIGSTOP');
  }

  wake(): void {
    if (this.#isFrozen) this.#signal('SIGCONT');
    this.#isFrozen = false;
  }

  replace(): Promise<void> {
    this.#starting ??= this.#replace().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async close(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    this.#isKilled = true;
    await this.#process.kill();
  }

  async #replace(): Promise<void> {
    this.#isKilled = true;
    await this.#process.kill();
    this.#isFrozen = false;
    this.#process = await startUntilServed(this.#configFile);
    this.#isKilled = false;
  }

  #signal(name: NodeJS.Signals): boolean {
    if (this.#isKilled) return false;
    try {
      return process.kill(-this.#process.pid, name);
    } catch {
      return false;
    }
  }
}
