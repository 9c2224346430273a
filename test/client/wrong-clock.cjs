// A client in a process of its own, whose clock is wrong: the worker, which has a clock too, is in the process of the test.
// Connects, configures and exports as its argument says, and prints the id of the export that it has started.
const { address, taskQueue, destinationId, offset, connect, configure } = JSON.parse(process.argv[2]);

const RightDate = Date;
globalThis.Date = class extends RightDate {
  constructor(...parts) {
    if (parts.length === 0) super(RightDate.now() + offset);
    else super(...parts);
  }

  static now() {
    return RightDate.now() + offset;
  }
};

const { Client, Connection } = require('@temporalio/client');
const { ExportClient } = require('../../dist/client');

async function main() {
  const connection = await Connection.connect({ address });
  const client = new ExportClient({ client: new Client({ connection }), taskQueue });
  await client.connect(destinationId, connect);
  await client.configure(destinationId, configure);
  const { id } = await client.start(destinationId);
  process.stdout.write(id);
  await connection.close();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
