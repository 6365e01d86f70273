import { condition } from '@temporalio/workflow';
import { uncancelled } from './uncancelled.js';

/** Lets one at a time in, in the order they came. For decisions that have to ask the database in their middle. */
export class Lock {
  private held = false;

  async run<T>(work: () => Promise<T>): Promise<T> {
    while (this.held) await uncancelled(() => condition(() => !this.held));
    this.held = true;
    try {
      return await work();
    } finally {
      this.held = false;
    }
  }
}
