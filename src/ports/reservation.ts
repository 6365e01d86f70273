/** A create reserves its ids under (tenant, route, key) with the hash of its body; the same key and hash find the first ids again. */
export interface Reservation {
  readonly tenantId: string;
  readonly route: string;
  readonly key: string;
  readonly bodyHash: string;
}
