import { useConsole } from '../api/console-context.js';

/** The workflow's own page in Temporal's interface; nothing where its address is not known. */
export function TemporalLink({ workflowId }: { readonly workflowId: string }) {
  const { uiUrl, namespace } = useConsole().installation.temporal;
  if (uiUrl === null) return null;
  const address = `${uiUrl.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
  return (
    <a class="button" href={address} target="_blank" rel="noopener noreferrer">
      Temporal ↗
    </a>
  );
}
