// Makes a task and follows it to its end: `node examples/client/watch-a-task.js 'echo hello'`, with AGENTRUN_URL (the API's address)
// and AGENTRUN_OPERATOR_TOKEN in the environment. In a project of yours it is the same import.
import process from 'node:process';
import { AgentRun, ApiError } from 'agentrun/client';

const { AGENTRUN_URL: baseUrl = 'http://127.0.0.1:8080', AGENTRUN_OPERATOR_TOKEN: token } = process.env;
const agentrun = new AgentRun({ baseUrl, token });

try {
  const made = await agentrun.tasks.create({
    tenantId: 'default',
    projectId: 'default',
    backendProfile: 'exec',
    prompt: process.argv[2] ?? 'echo hello from $(uname -s)',
    autoDispatch: true,
  });
  console.log(`task ${made.id}`);
  const ended = await followed(agentrun.tasks.follow(made.id));
  console.log(ended.diagnosis);
  process.exitCode = ended.state === 'completed' ? 0 : 1;
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  console.error(`${error.failureKind}: ${error.message} (${error.traceId})`);
  process.exitCode = 1;
}

/** Prints what the agent prints; a broken connection is taken up where it was. */
async function followed(news) {
  for (;;) {
    const { done, value } = await news.next();
    if (done) return value;
    if ('task' in value) console.log(`· ${value.task.state}, ${value.task.phase}`);
    else if (value.event.type === 'command_output') process.stdout.write(value.event.payload.text);
  }
}
