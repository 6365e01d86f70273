import type { BackendProfile } from '../contract/backend.js';

/** Which backends runs can name, and what a runner would find ready for them. */
export interface BackendCatalog {
  list(): Promise<readonly BackendProfile[]>;
  get(name: string): Promise<BackendProfile | undefined>;
  /** What kind of agent goes by that name, without a look at what is ready for it; undefined where none does. */
  kindOf(name: string): Promise<string | undefined>;
  /** Tools that workspaces need, by name: true where a runner finds them. */
  tools(): Promise<Readonly<Record<string, boolean>>>;
}
