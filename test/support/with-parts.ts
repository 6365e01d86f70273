/** The same, with other parts; methods keep their object, whose private fields they use. */
export function withParts<T extends object>(whole: T, change: Partial<T>): T {
  return new Proxy(whole, {
    get: (target, name) => (change as Record<PropertyKey, unknown>)[name] ?? bound(target, name),
  });
}

function bound(target: object, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
}
