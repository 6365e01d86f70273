// Preloaded into a runner: its wall clock is off by FAULT_SKEW_MS, from FAULT_SKEW_AFTER_MS on. What counts monotonic time is right.
const skewMs = Number(process.env['FAULT_SKEW_MS']);
const fromMs = performance.now() + Number(process.env['FAULT_SKEW_AFTER_MS']);
const RealDate = Date;

function skewedNow(): number {
  return RealDate.now() + (performance.now() >= fromMs ? skewMs : 0);
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[]) =>
    Reflect.construct(target, given.length === 0 ? [skewedNow()] : given) as object,
  get: (target, name) => (name === 'now' ? skewedNow : (Reflect.get(target, name) as unknown)),
});
