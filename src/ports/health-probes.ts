/** Whether a part that the manager needs answers now; `message` says why not, without secrets. */
export interface PartHealth {
  readonly ready: boolean;
  readonly message?: string;
}

/** Asks each part once. A probe may throw or hang: who asks treats both as not ready. */
export interface HealthProbes {
  database(): Promise<PartHealth>;
  temporal(): Promise<PartHealth>;
  platform(): Promise<PartHealth>;
}
