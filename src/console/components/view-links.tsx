import type { RunView } from '../model/place.js';
import { Link } from './link.js';

/** A run as its agent told it, or as it was carried out. */
export function ViewLinks({ id, view }: { readonly id: string; readonly view?: RunView }) {
  return (
    <nav class="views" aria-label="Of this run">
      <Link to={{ page: 'run', id, at: null }} class="view" isCurrent={view === undefined}>
        Transcript
      </Link>
      <Link to={{ page: 'run', id, at: null, view: 'timeline' }} class="view" isCurrent={view === 'timeline'}>
        Timeline
      </Link>
    </nav>
  );
}
