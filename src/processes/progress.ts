/** One step of something slow. `cached` means that nothing had to be done; `detail` is one line for a person. */
export interface ProgressStep {
  name: string;
  state: 'started' | 'progress' | 'done' | 'cached' | 'failed';
  detail?: string;
}

/** Told what is going on; the embedded parts never print by themselves. */
export type Progress = (step: ProgressStep) => void;
