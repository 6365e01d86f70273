import { InvalidArgumentError, Option, type Command } from 'commander';
import { ApiError, type HttpClient } from '../../../client/http-client.js';
import type { TenantBudget, TenantBudgetDeleted, TenantBudgetUpdate } from '../../../contract/tenant-budget.js';
import { BUDGET_PERIODS, type BudgetPeriod } from '../../../domain/budgets.js';
import { allPages } from '../../all-pages.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { tabSeparated, table } from '../../table.js';
import { capWords, overWord, plainBudget } from '../../tenant-budget-words.js';
import { tokens } from '../task/options.js';

const PATH = '/api/v1/queue/budgets';

interface BudgetOptions {
  readonly period?: BudgetPeriod;
  /** Infinite: no cap. */
  readonly maxTokens?: number;
  readonly maxTime?: number;
  readonly remove?: boolean;
  readonly json?: boolean;
}

export function addQueueBudget(queue: Command, context: CliContext): void {
  queue
    .command('budget')
    .argument('[tenant]', 'the tenant; all that have caps when absent', tenantName)
    .addOption(new Option('--period <period>', 'in which its caps hold, in UTC').choices(BUDGET_PERIODS))
    .option('--max-tokens <n>', 'all its runs together, such as 5M; none takes this cap away', orNone(tokens))
    .option('--max-time <duration>', 'all attempts of its tasks together, such as 24h; none', orNone(durationMs))
    .option('--remove', 'take all its caps away')
    .option('--json', 'as JSON')
    .description('show what tenants may use and have used, or cap one; caps that are not named stay')
    .action((tenant: string | undefined, options: BudgetOptions) => {
      const update = updateOf(options);
      if (tenant === undefined) {
        if (update !== undefined || options.remove === true) throw usageError('name the tenant that the caps are for');
        return showAll(context, options);
      }
      if (update !== undefined && options.remove === true) throw usageError('--remove does not go with new caps');
      if (options.remove === true) return remove(context, tenant, options);
      return update === undefined ? show(context, tenant, options) : change(context, tenant, update, options);
    });
}

function updateOf({ period, maxTokens, maxTime }: BudgetOptions): TenantBudgetUpdate | undefined {
  if (period === undefined && maxTokens === undefined && maxTime === undefined) return undefined;
  return {
    ...(period !== undefined && { period }),
    ...(maxTokens !== undefined && { maxTokens: capOf(maxTokens) }),
    ...(maxTime !== undefined && { maxWallTimeMs: capOf(maxTime) }),
  };
}

function capOf(given: number): number | null {
  return given === Infinity ? null : given;
}

async function showAll(context: CliContext, { json = false }: BudgetOptions): Promise<void> {
  await reaching(context, async (client) => {
    const budgets = await allPages<TenantBudget>(client, PATH);
    const { screen } = context;
    if (json) screen.data(JSON.stringify(budgets));
    else if (budgets.length === 0) screen.hint('no tenant has caps: queue budget <tenant> --max-tokens 5M sets one');
    else screen.data(screen.out.isTerminal ? asTable(context, budgets) : tabSeparated(budgets.map(plainBudget)));
  });
}

async function show(context: CliContext, tenant: string, { json = false }: BudgetOptions): Promise<void> {
  await reaching(context, async (client) => tell(context, await client.get<TenantBudget>(budgetPath(tenant)), json));
}

/** The API replaces all caps of a tenant. */
async function change(
  context: CliContext,
  tenant: string,
  update: TenantBudgetUpdate,
  { json = false }: BudgetOptions,
): Promise<void> {
  await reaching(context, async (client) => {
    const body = { ...(await capsOf(client, tenant)), ...update };
    tell(context, await client.put<TenantBudget>(budgetPath(tenant), body), json);
  });
}

async function remove(context: CliContext, tenant: string, { json = false }: BudgetOptions): Promise<void> {
  await reaching(context, async (client) => {
    const deleted = await client.delete<TenantBudgetDeleted>(budgetPath(tenant));
    const { screen } = context;
    if (json) screen.data(JSON.stringify(deleted));
    else if (screen.out.isTerminal) screen.data(`⊘ no caps any more  ${deleted.tenantId}`);
    else screen.data(tabSeparated([[deleted.tenantId, 'no-caps']]));
  });
}

async function capsOf(client: HttpClient, tenant: string): Promise<TenantBudgetUpdate> {
  try {
    const { period, maxTokens, maxWallTimeMs } = await client.get<TenantBudget>(budgetPath(tenant));
    return { period, maxTokens, maxWallTimeMs };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return {};
    throw error;
  }
}

function tell({ screen }: CliContext, budget: TenantBudget, json: boolean): void {
  if (json) return screen.data(JSON.stringify(budget));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([plainBudget(budget)]));
  const { bold, dim } = screen.out.colors;
  screen.data(`${overWord(budget, screen.out.colors)}  ${bold(budget.tenantId)}  ${dim(capWords(budget))}`);
}

function asTable({ screen: { out } }: CliContext, budgets: readonly TenantBudget[]): string {
  const header = ['TENANT', 'STATE', 'USED'].map((name) => out.colors.dim(name));
  return table([header, ...budgets.map((one) => [one.tenantId, overWord(one, out.colors), capWords(one)])]);
}

function budgetPath(tenant: string): string {
  return `${PATH}/${encodeURIComponent(tenant)}`;
}

/** The manager says what a name may be; a path it is not. */
function tenantName(given: string): string {
  if (given.trim() === '' || given === '.' || given === '..')
    throw new InvalidArgumentError('Give the name of a tenant.');
  return given;
}

/** An option's value must not be null. */
function orNone(parse: (given: string) => number): (given: string) => number {
  return (given) => (given === 'none' ? Infinity : parse(given));
}
