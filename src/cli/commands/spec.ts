import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { addSpecApply } from './spec/apply.js';
import { addSpecDelete } from './spec/delete.js';
import { addSpecList, addSpecVersions } from './spec/list.js';
import { addSpecRender } from './spec/render.js';
import { addSpecShow } from './spec/show.js';

export function addSpecCommands(program: Command, context: CliContext): void {
  const spec = program.command('spec').description('keep templates of agent work (AipodSpecs), and render them');
  addSpecApply(spec, context);
  addSpecList(spec, context);
  addSpecShow(spec, context);
  addSpecVersions(spec, context);
  addSpecRender(spec, context);
  addSpecDelete(spec, context);
}
