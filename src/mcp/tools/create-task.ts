import { Type, type Static, type TSchema } from 'typebox';
import { Name, SessionId } from '../../contract/common.js';
import { TaskCreate } from '../../contract/task.js';
import { taskBrief, TaskBrief } from '../task-view.js';
import { defineTool, STARTS_WORK } from '../tool.js';

const { queue, title, aipod, priority, retryPolicy, notBefore, budget, executionPolicy, metadata, idempotencyKey } =
  TaskCreate.properties;
/** A field that may be left out, with what it is. */
const told = <T extends TSchema>(schema: T, description: string) => Type.Optional<T>({ ...schema, description });

const Input = Type.Object(
  {
    prompt: Type.String({
      minLength: 1,
      description: 'What is to be done, in full: the agent that does it knows nothing else.',
    }),
    title: told(title, 'What people will call it.'),
    backendProfile: Type.Optional(
      Type.String({
        ...Name,
        description: "Which agent: 'codex' when absent; 'exec' takes the prompt for a shell command line.",
      }),
    ),
    workspaceRef: told(
      TaskCreate.properties.workspaceRef,
      'Where it works: {"kind":"git","repoUrl":"https://…","ref":"main"}, {"kind":"path","path":"/…"}, or an empty folder when absent.',
    ),
    sessionId: Type.Optional(
      Type.String({ ...SessionId, description: 'It is a turn of this session, with what that knows.' }),
    ),
    queue: told(queue, "'default' when absent."),
    priority: told(priority, 'From 0 to 1000, the higher the sooner; 500 when absent.'),
    notBefore: told(notBefore, 'Start it no sooner: a time in the future, ISO 8601.'),
    budget: told(budget, 'Caps over all attempts: tokens, and milliseconds of work.'),
    retryPolicy: told(retryPolicy, 'How often it is tried where trying again may help; 3 times when absent.'),
    executionPolicy: told(executionPolicy, 'Sandbox, network, and limits of one turn in milliseconds.'),
    aipod: told(aipod, 'An AipodSpec that says what is not said here.'),
    tenantId: Type.Optional(Type.String({ ...Name, description: "'default' when absent and no AipodSpec says it." })),
    projectId: Type.Optional(Type.String({ ...Name, description: "'default' when absent and no AipodSpec says it." })),
    metadata: told(metadata, 'Facts of your own, kept with it.'),
    dispatch: Type.Boolean({ default: true, description: 'False leaves it waiting until a person dispatches it.' }),
    idempotencyKey: told(idempotencyKey, 'The same key makes the same task once, however often the call is repeated.'),
  },
  { additionalProperties: false },
);

export const createTask = defineTool({
  name: 'create_task',
  title: 'Create a task',
  description:
    'Hands a piece of work to another agent and answers at once with its taskId; the agent works unattended, is replaced where its machine dies, and is tried again where that may help. ' +
    'Then call wait_for_task for its end and its reply. Give an idempotencyKey if you might repeat the call.',
  hints: STARTS_WORK,
  input: Input,
  output: TaskBrief,
  run: async (args, { agentrun }) => taskBrief(await agentrun.tasks.create(bodyOf(args))),
});

function bodyOf({ dispatch, sessionId, ...rest }: Static<typeof Input>): TaskCreate {
  const fallback = rest.aipod === undefined ? { tenantId: 'default', projectId: 'default' } : {};
  const sessionRef = sessionId === undefined ? {} : { sessionRef: { sessionId } };
  return { ...fallback, ...rest, ...sessionRef, autoDispatch: dispatch };
}
