import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';

/** For a patch that names what changes, and nothing else; the client takes another kind by default. */
export const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
