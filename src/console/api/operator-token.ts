const KEY = 'agentrun.operator-token';

/** Where a token is kept: with this tab, or until somebody logs out. It is in no address and no cookie. */
export function readToken(): string | null {
  return stored((storage) => storage.getItem(KEY)) ?? null;
}

export function keepToken(token: string, { isKept }: { readonly isKept: boolean }): void {
  forgetToken();
  const storage = isKept ? localStorage : sessionStorage;
  storage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}

function stored(read: (storage: Storage) => string | null): string | null {
  return read(sessionStorage) ?? read(localStorage);
}
