import { useState } from 'preact/hooks';
import { useConsole } from '../api/console-context.js';
import type { Conversation } from '../api/conversation.js';

/** Stops that turn, not the run and not the turn after it. It says "interrupting" until an event proves that it is done. */
export function InterruptButton({
  runId,
  turnCommandId,
  conversation,
}: {
  readonly runId: string;
  readonly turnCommandId: string | undefined;
  readonly conversation: Conversation;
}) {
  const { client, announce } = useConsole();
  const [commandId, setCommandId] = useState<string | null>(null);
  const [problem, setProblem] = useState('');
  const isUnderWay = commandId !== null && !conversation.proofs.isSettled(commandId);
  const interrupt = () => {
    setProblem('');
    setCommandId('');
    announce('interrupting');
    client.runs.command(runId, { type: 'interrupt', payload: { turnCommandId } }).then(
      ({ id }) => setCommandId(id),
      (error: unknown) => {
        setCommandId(null);
        setProblem(error instanceof Error ? error.message : String(error));
      },
    );
  };
  return (
    <>
      <button type="button" disabled={isUnderWay} onClick={interrupt}>
        {isUnderWay ? 'Interrupting…' : 'Interrupt'}
      </button>
      {problem !== '' && (
        <span role="alert" class="tone-failed">
          {problem}
        </span>
      )}
    </>
  );
}
