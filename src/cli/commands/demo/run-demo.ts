import type { CliContext } from '../../context.js';
export async function runDemo(context: CliContext, options: { keep: boolean; json: boolean }): Promise<void> {
  void context;
  void options;
}
