const FACTORS: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^\+?(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+)|([A-Za-z]*))$/;

/** The number that a quantity is, as `0.25` for `250m`; null for what is none. */
export function quantityAmount(quantity: string | undefined): number | null {
  const [, amount, exponent, unit = ''] = QUANTITY.exec(quantity ?? '') ?? [];
  const factor = FACTORS[unit];
  if (amount === undefined || factor === undefined) return null;
  return exponent === undefined ? Number(amount) * factor : Number(`${amount}e${exponent}`);
}

/** Bytes of a quantity of storage, as `10Gi`; null for what is none. */
export function quantityBytes(quantity: string | undefined): number | null {
  const amount = quantityAmount(quantity);
  return amount === null ? null : Math.floor(amount);
}
