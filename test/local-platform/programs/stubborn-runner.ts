import { spawn } from 'node:child_process';

/** A runner that will not end when asked, with a child that left its group and one that will not end either. */
process.on('SIGTERM', () => process.stderr.write('not yet\n'));
spawn('sleep', ['300'], { stdio: 'ignore', detached: true });
spawn('/bin/sh', ['-c', 'trap "" TERM; sleep 300; sleep 300'], { stdio: 'ignore', detached: true });
process.stderr.write('stubborn\n');
setInterval(() => {}, 1_000);
