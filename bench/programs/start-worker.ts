// How long a worker takes until it polls. `connect`: no worker at all, only the SDK loaded and the server reached.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { programOptions, tellReady } from './program.js';

const { address, from } = programOptions() as { address: string; from: 'connect' | 'bundle' | 'sources' };
Runtime.install({ logger: new DefaultLogger('ERROR') });
const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const connection = await NativeConnection.connect({ address });
const rssMb = () => Math.round(process.memoryUsage().rss / 2 ** 20);

if (from === 'connect') {
  tellReady({ rssMb: rssMb() }, () => connection.close());
} else {
  const worker = await Worker.create({
    connection,
    taskQueue: `bench-start-${process.pid}`,
    ...(from === 'bundle'
      ? { workflowBundle: { codePath: pathOf('../../workflow-bundle.js') } }
      : { workflowsPath: pathOf('../../workflows/index.js') }),
  });
  const stopped = worker.run();
  tellReady({ rssMb: rssMb() }, async () => {
    worker.shutdown();
    await stopped;
    await connection.close();
  });
}
