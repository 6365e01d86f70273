import { Type, type Static } from 'typebox';

/** A payload as Temporal's codec protocol writes it in JSON: bytes are base64. */
export const TemporalPayload = Type.Object({
  metadata: Type.Optional(Type.Record(Type.String({ maxLength: 200 }), Type.String({ maxLength: 1_000 }))),
  data: Type.Optional(Type.String()),
});
export type TemporalPayload = Static<typeof TemporalPayload>;

/** What is asked and answered: as many, in the same order. https://docs.temporal.io/codec-server#api-contract-specifications */
export const TemporalPayloads = Type.Object({ payloads: Type.Array(TemporalPayload, { maxItems: 10_000 }) });
export type TemporalPayloads = Static<typeof TemporalPayloads>;
