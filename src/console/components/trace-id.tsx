import { useContext } from 'preact/hooks';
import { traceOf } from '../../domain/trace-id.js';
import { ConsoleContext } from '../api/console-context.js';

/** A trace's name, linked to its page where the installation says where traces are seen. Also before anybody is logged in. */
export function TraceId({ id }: { readonly id: string }) {
  const template = useContext(ConsoleContext)?.installation.traces.uiUrlTemplate ?? null;
  const trace = traceOf(id);
  if (template === null || trace === undefined) return <code>{id}</code>;
  return (
    <a href={template.replaceAll('{traceId}', trace)} target="_blank" rel="noopener noreferrer">
      <code>{id}</code> ↗
    </a>
  );
}
