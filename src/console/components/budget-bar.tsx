interface BudgetBarProps {
  readonly label: string;
  readonly used: string;
  /** Absent where there is no cap. */
  readonly cap?: string;
  /** 0 to 1. */
  readonly share?: number;
  readonly note?: string;
}

/** One budget: how much of it is used, and how fast. */
export function BudgetBar({ label, used, cap, share, note }: BudgetBarProps) {
  const level = share === undefined ? '' : share >= 1 ? 'is-over' : share >= 0.8 ? 'is-near' : '';
  return (
    <div class="budget">
      <div class="budget-words">
        <span class="dim">{label}</span>
        <span class="number">
          {used}
          {cap !== undefined && <span class="dim"> of {cap}</span>}
        </span>
      </div>
      {share !== undefined && (
        <progress
          class={`bar ${level}`}
          aria-label={`${label}: ${used}${cap === undefined ? '' : ` of ${cap}`}`}
          value={Math.min(1, share)}
          max={1}
        />
      )}
      {note !== undefined && note !== '' && <div class="budget-note dim">{note}</div>}
    </div>
  );
}
