import type { Liveness, TaskDetail } from '../../client/index.js';
import type { Usage } from '../model/usage.js';
import { amount, spell } from '../model/times.js';
import { BudgetBar } from './budget-bar.js';

interface BudgetsProps {
  readonly liveness: Liveness | null;
  readonly usage: Usage;
  /** Of a task, whose caps are over all its attempts. */
  readonly task?: Pick<TaskDetail, 'budget' | 'usage'>;
}

/** Time, tokens and money, apart. */
export function Budgets({ liveness, usage, task }: BudgetsProps) {
  const tokens = task === undefined || task.usage.totalTokens === 0 ? usage.totalTokens : task.usage.totalTokens;
  const cap = task?.budget.maxTokens ?? null;
  const rate = usage.tokensPerMinute;
  return (
    <div class="budgets">
      {liveness !== null && <TurnTime budget={liveness.timeoutBudget} />}
      {task?.budget.maxWallTimeMs != null && (
        <BudgetBar
          label="Task time"
          used={spell(task.usage.wallTimeMs)}
          cap={spell(task.budget.maxWallTimeMs)}
          share={task.usage.wallTimeMs / task.budget.maxWallTimeMs}
        />
      )}
      {tokens !== null && (
        <BudgetBar
          label="Tokens"
          used={amount(tokens)}
          cap={cap === null ? undefined : amount(cap)}
          share={cap === null ? undefined : tokens / cap}
          note={
            rate !== null && rate > 0
              ? `${amount(rate)} a minute${cap === null ? '' : `, full in ${spell(((cap - tokens) / rate) * 60_000)}`}`
              : undefined
          }
        />
      )}
      {usage.contextTokens !== null && usage.contextWindow !== null && (
        <BudgetBar
          label="Context"
          used={amount(usage.contextTokens)}
          cap={amount(usage.contextWindow)}
          share={usage.contextTokens / usage.contextWindow}
        />
      )}
      {usage.cost !== null && (
        <BudgetBar label="Cost" used={`${usage.cost.amount.toFixed(2)} ${usage.cost.currency}`} />
      )}
    </div>
  );
}

function TurnTime({ budget }: { readonly budget: Liveness['timeoutBudget'] }) {
  const { state, timeoutKind, timeoutMs, elapsedMs, idleElapsedMs } = budget;
  if (state === 'not-started') return null;
  if (state === 'ended') return <BudgetBar label="Turn" used={spell(elapsedMs)} />;
  const used = timeoutKind === 'idle' ? (idleElapsedMs ?? 0) : elapsedMs;
  return (
    <BudgetBar
      label={timeoutKind === 'idle' ? 'Without an event' : 'Turn time'}
      used={spell(used)}
      cap={spell(timeoutMs)}
      share={used / timeoutMs}
    />
  );
}
