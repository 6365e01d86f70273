/** What every program here does: options as JSON in the first argument, one line of JSON when ready, an end when stdin ends. */

export function programOptions(): unknown {
  return JSON.parse(process.argv[2] ?? '{}');
}

export function tellReady(ready: object, stop: () => Promise<void>): void {
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.stdin.resume().once('end', () => {
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
