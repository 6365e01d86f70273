import type { Liveness, TaskDetail } from '../../client/index.js';
import { amount, spell } from '../model/times.js';
import type { Usage } from '../model/usage.js';
import { BudgetBar } from './budget-bar.js';

interface BudgetsProps {
  readonly liveness: Liveness | null;
  readonly usage: Usage;
  /** Of a task, whose caps are over all its attempts. */
  readonly task?: Pick<TaskDetail, 'budget' | 'usage'>;
}

/** Time, tokens and money, apart. */
export function Budgets({ liveness, usage, task }: BudgetsProps) {
  const { contextTokens, contextWindow, cost } = usage;
  return (
    <div class="budgets">
      {liveness !== null && <TurnTime budget={liveness.timeoutBudget} />}
      {task !== undefined && <TaskTime task={task} />}
      <Tokens usage={usage} task={task} />
      {contextTokens !== null && contextWindow !== null && (
        <BudgetBar
          label="Context"
          used={amount(contextTokens)}
          cap={amount(contextWindow)}
          share={contextTokens / contextWindow}
        />
      )}
      {cost !== null && <BudgetBar label="Cost" used={`${cost.amount.toFixed(2)} ${cost.currency}`} />}
    </div>
  );
}

function TurnTime({ budget }: { readonly budget: Liveness['timeoutBudget'] }) {
  const { state, timeoutKind, timeoutMs, elapsedMs, idleElapsedMs } = budget;
  if (state === 'not-started') return null;
  if (state === 'ended') return <BudgetBar label="Turn" used={spell(elapsedMs)} />;
  const [label, usedMs] = timeoutKind === 'idle' ? ['Without an event', idleElapsedMs ?? 0] : ['Turn time', elapsedMs];
  return <BudgetBar label={label} used={spell(usedMs)} cap={spell(timeoutMs)} share={usedMs / timeoutMs} />;
}

function TaskTime({ task: { budget, usage } }: { readonly task: Pick<TaskDetail, 'budget' | 'usage'> }) {
  const { maxWallTimeMs: capMs } = budget;
  if (capMs === null) return null;
  return (
    <BudgetBar label="Task time" used={spell(usage.wallTimeMs)} cap={spell(capMs)} share={usage.wallTimeMs / capMs} />
  );
}

function Tokens({ usage, task }: Pick<BudgetsProps, 'usage' | 'task'>) {
  const tokens = task === undefined || task.usage.totalTokens === 0 ? usage.totalTokens : task.usage.totalTokens;
  const cap = task?.budget.maxTokens ?? null;
  if (tokens === null) return null;
  const note = rateWords(usage.tokensPerMinute, cap === null ? null : cap - tokens);
  if (cap === null) return <BudgetBar label="Tokens" used={amount(tokens)} note={note} />;
  return <BudgetBar label="Tokens" used={amount(tokens)} cap={amount(cap)} share={tokens / cap} note={note} />;
}

function rateWords(perMinute: number | null, left: number | null): string | undefined {
  if (perMinute === null || perMinute <= 0) return undefined;
  const full = left === null || left <= 0 ? '' : `, full in ${spell((left / perMinute) * 60_000)}`;
  return `${amount(perMinute)} a minute${full}`;
}
