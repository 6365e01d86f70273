/**
 * Does the work of at most so many callers at once; the others wait for their turn. Look-ups of names take threads that files and
 * cryptography need as well, and of those there are few: a name server that hangs must not hold all of them.
 */
export function fewAtOnce<A, T>(most: number, work: (argument: A) => Promise<T>): (argument: A) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (argument) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work(argument);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
